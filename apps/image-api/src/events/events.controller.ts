/** Server-sent events (HTML standard, "Server-sent events"). */

import { Controller, Headers, type MessageEvent, Query, Sse } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { isEventCursor } from '@zonelab/catalog';
import { type ListEvents, listEventsSchema } from '@zonelab/contracts';
import { interval, map, merge, type Observable } from 'rxjs';
import { invalidRequest } from '../http/validation.pipe.ts';
import { EVENT_HEARTBEAT_MS } from '../limits.ts';
import { EventFeed } from './event-feed.ts';

@ApiTags('events')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly feed: EventFeed) {}

  @Sse()
  @ApiOkResponse({
    description: 'A stream of events, each with its type, id and, as data, an Event',
  })
  follow(
    @Query({ schema: listEventsSchema }) wanted: ListEvents,
    @Headers('last-event-id') last: string | undefined,
  ): Observable<MessageEvent> {
    if (last !== undefined && !isEventCursor(last))
      throw invalidRequest([{ path: 'Last-Event-ID', given: last, allowed: 'the id of an event' }]);
    const events = this.feed
      .follow(wanted, last)
      .pipe(map((event) => ({ id: event.id, type: event.type, data: event })));
    const beats = interval(EVENT_HEARTBEAT_MS).pipe(map(() => ({ type: 'heartbeat', data: '' })));
    return merge(events, beats);
  }
}
