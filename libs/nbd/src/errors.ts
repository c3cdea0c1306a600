/** The one error class of this library. Callers match `code`, never the message. */

import { Errno } from './protocol.ts';

export type NbdErrorCode =
  /** Errors of the wire: what an export throws, and what a client gets back. */
  | Errno
  /** The peer broke the protocol; the connection cannot go on. */
  | 'protocol_error'
  /** A negotiation option was refused; `context.replyType` says how. */
  | 'option_refused'
  /** The connection ended before the answer came. */
  | 'disconnected'
  /** A value given to this library is outside what is allowed. */
  | 'invalid_option';

export interface NbdErrorContext {
  /** Byte of the export at which a request failed; within the request. */
  offset?: number;
  /** Option reply type, one of `OptionReply`. */
  replyType?: number;
  /** What refused a request, where that says more than the code: a device's own name of the error. */
  identity?: string;
}

export class NbdError extends Error {
  override readonly name = 'NbdError';

  constructor(
    readonly code: NbdErrorCode,
    message: string,
    readonly context: NbdErrorContext = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** The number on the wire; EIO for errors that have none. */
  get errno(): number {
    return this.code in Errno ? Errno[this.code as Errno] : Errno.EIO;
  }
}

/** A name, address or option outside what is allowed, in one sentence of fixed form. */
export function invalidOption(field: string, given: string | number, allowed: string): NbdError {
  return new NbdError('invalid_option', `${field}: got ${given}, allowed is ${allowed}`);
}

/** The code that stands for a number from the wire; unknown numbers count as EINVAL (proto.md, "Error values"). */
export function errnoCode(value: number): Errno {
  for (const [code, number] of Object.entries(Errno)) {
    if (number === value) return code as Errno;
  }
  return 'EINVAL';
}
