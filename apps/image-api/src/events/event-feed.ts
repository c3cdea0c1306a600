/**
 * Events as they happen. For each listener the database is asked again and again for what is new to it, an index look-up
 * each time; listeners are bounded. Whoever comes back with the last id it saw is first given what it missed.
 */

import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { Catalog, type EventCursor } from '@zonelab/catalog';
import type { LabEvent, ListEvents } from '@zonelab/contracts';
import { Observable } from 'rxjs';
import { ProblemError } from '../http/problem.ts';
import { EVENT_BATCH, EVENT_POLL_MS, MAX_EVENT_LISTENERS } from '../limits.ts';
import { type ImageApiOptions, OPTIONS } from '../options.ts';

@Injectable()
export class EventFeed implements BeforeApplicationShutdown {
  private readonly stops = new Set<() => void>();

  constructor(
    private readonly catalog: Catalog,
    @Inject(OPTIONS) private readonly options: ImageApiOptions,
  ) {}

  /** Events after `cursor`, or from now on; it never completes but by shutdown. Throws the problem 429. */
  follow(wanted: ListEvents, cursor?: EventCursor): Observable<LabEvent> {
    if (this.stops.size >= MAX_EVENT_LISTENERS) throw tooMany();
    return new Observable((subscriber) => {
      let timer: NodeJS.Timeout | undefined;
      let at = cursor;
      const poll = async (): Promise<void> => {
        at ??= await this.catalog.events.end();
        let batch: LabEvent[];
        do {
          batch = await this.catalog.events.after(at, EVENT_BATCH, wanted);
          for (const event of batch) subscriber.next(event);
          at = batch.at(-1)?.id ?? at;
        } while (batch.length === EVENT_BATCH && !subscriber.closed);
      };
      const next = (): void => {
        poll()
          .catch((err: unknown) => this.options.logger.warn({ err }, 'reading events failed'))
          .finally(() => {
            if (!subscriber.closed) timer = setTimeout(next, EVENT_POLL_MS);
          });
      };
      const stop = (): void => subscriber.complete();
      this.stops.add(stop);
      next();
      return () => {
        clearTimeout(timer);
        this.stops.delete(stop);
      };
    });
  }

  /** Open streams would keep the server from closing. */
  beforeApplicationShutdown(): void {
    for (const stop of this.stops) stop();
  }
}

function tooMany(): ProblemError {
  const detail = `allowed are at most ${MAX_EVENT_LISTENERS} streams of events at once`;
  return new ProblemError({ status: 429, code: 'too_many_listeners', detail });
}
