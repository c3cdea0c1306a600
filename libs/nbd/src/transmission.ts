/**
 * Requests of one connection against its export. An export that answers at once is answered at once, in
 * the current batch; one that answers later is answered then, in whatever order that happens.
 */

import { NbdError } from './errors.ts';
import type { MaybePromise, NbdExport, NbdExtent } from './export.ts';
import { MAX_EXTENTS } from './limits.ts';
import type { Agreement, SelectedContext } from './negotiation.ts';
import { Command, CommandFlag } from './protocol.ts';
import type { ReadSlot, ReplyWriter } from './reply-writer.ts';
import { checkRequest } from './request-check.ts';
import type { ServedExport } from './served-export.ts';
import type { Request } from './session-decoder.ts';

export interface TransmissionHooks {
  /** A request waits whose payload is a view of what was received. */
  keep(): void;
  /** Gives back the buffer of a payload. */
  release(lease: Buffer): void;
  /** A request that had to wait has been answered. */
  settled(): void;
  /** An export failed in a way that it did not declare. */
  unexpected(error: unknown): void;
}

export class Transmission {
  /** Requests whose export has not answered yet, and the bytes that they hold. */
  waiting = 0;
  waitingBytes = 0;
  /** Set when the export goes away: requests that still arrive are turned down. */
  shuttingDown = false;
  private readonly target: NbdExport;

  constructor(
    private readonly agreement: Agreement<ServedExport>,
    private readonly replies: ReplyWriter,
    private readonly hooks: TransmissionHooks,
  ) {
    this.target = agreement.served.target;
  }

  handle(request: Request): void {
    request.since = performance.now();
    this.agreement.served.charge(request);
    const refusal = this.shuttingDown
      ? new NbdError('ESHUTDOWN', 'export is going away')
      : checkRequest(request, this.agreement);
    if (refusal !== undefined) {
      this.fail(request, refusal);
      this.finish(request);
    } else if (request.command === Command.Read && request.length > 0) {
      this.read(request);
    } else if (request.command === Command.BlockStatus) {
      this.run(request, () => this.blockStatus(request));
    } else {
      this.run(request, () => this.change(request));
    }
  }

  private read(request: Request): void {
    const slot = this.replies.beginRead(request);
    let pending: MaybePromise<void>;
    try {
      pending = this.target.read(request.offset, slot.target);
    } catch (error) {
      this.replies.dropRead(slot);
      this.fail(request, error);
      return;
    }
    if (pending instanceof Promise) {
      this.replies.detachRead(slot);
      this.await(request, this.readLater(request, slot, pending));
      return;
    }
    this.replies.commitRead(request, slot);
    this.agreement.served.count(request, request.since);
  }

  private async readLater(request: Request, slot: ReadSlot, pending: Promise<void>): Promise<void> {
    try {
      await pending;
    } catch (error) {
      this.replies.dropDetached(slot);
      throw error;
    }
    this.replies.commitDetached(request, slot);
    this.agreement.served.count(request, request.since);
  }

  private run(request: Request, operation: () => MaybePromise<void>): void {
    let pending: MaybePromise<void>;
    try {
      pending = operation();
    } catch (error) {
      this.fail(request, error);
      this.finish(request);
      return;
    }
    if (pending instanceof Promise) {
      this.await(
        request,
        pending.then(() => this.succeed(request)),
      );
      return;
    }
    this.succeed(request);
    this.finish(request);
  }

  private await(request: Request, answered: Promise<void>): void {
    const bytes = heldBytes(request);
    if (request.payload !== undefined && request.lease === undefined) this.hooks.keep();
    this.waiting += 1;
    this.waitingBytes += bytes;
    answered
      .catch((error: unknown) => this.fail(request, error))
      .finally(() => {
        this.waiting -= 1;
        this.waitingBytes -= bytes;
        this.finish(request);
        this.hooks.settled();
      });
  }

  private change(request: Request): MaybePromise<void> {
    const pending = this.apply(request);
    if ((request.flags & CommandFlag.Fua) === 0 || request.command === Command.Flush)
      return pending;
    if (pending instanceof Promise) return pending.then(() => this.target.flush());
    return this.target.flush();
  }

  private apply({ command, offset, length, payload }: Request): MaybePromise<void> {
    // a request for nothing is granted without troubling the export
    if (command === Command.Flush) return this.target.flush();
    if (length === 0) return undefined;
    if (command === Command.Write) return this.target.write(offset, payload as Buffer);
    if (command === Command.Trim) return this.target.trim(offset, length);
    if (command === Command.Cache) return this.target.cache?.(offset, length);
    return this.target.writeZeroes(offset, length);
  }

  private async blockStatus(request: Request): Promise<void> {
    const { contextIds } = request;
    const contexts = this.agreement.contexts.filter(({ id }) => contextIds?.includes(id) ?? true);
    const answers: (readonly NbdExtent[])[] = [];
    for (const { name } of contexts) {
      const extents = await this.target.blockStatus(name, request.offset, request.length);
      answers.push(this.bounded(extents, request));
    }
    contexts.forEach(({ id }: SelectedContext, index) => {
      this.replies.blockStatus(request, id, answers[index] ?? [], index === contexts.length - 1);
    });
  }

  private bounded(extents: readonly NbdExtent[], { flags }: Request): readonly NbdExtent[] {
    if (extents.length === 0) throw new NbdError('EIO', 'export gave no block status');
    return extents.slice(0, (flags & CommandFlag.RequestOne) === 0 ? MAX_EXTENTS : 1);
  }

  private succeed(request: Request): void {
    if (request.command === Command.Read) {
      // only a READ of nothing comes here, and it may not have a simple reply
      if (this.replies.style === 'simple') this.replies.success(request);
      else this.replies.done(request);
    } else if (request.command !== Command.BlockStatus) {
      this.replies.success(request);
    }
    this.agreement.served.count(request, request.since);
  }

  private fail(request: Request, error: unknown): void {
    const known = error instanceof NbdError;
    if (!known) this.hooks.unexpected(error);
    const shown = known ? error : new NbdError('EIO', 'internal error', { identity: 'internal' });
    this.agreement.served.countError(shown);
    this.replies.error(request, shown);
  }

  private finish(request: Request): void {
    if (request.lease !== undefined) this.hooks.release(request.lease);
  }
}

/** Memory that a request occupies while it waits; other commands have a length but no data. */
function heldBytes({ command, length }: Request): number {
  return command === Command.Read || command === Command.Write ? length : 0;
}
