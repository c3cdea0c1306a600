/**
 * The option haggling of one connection: options in, reply bytes and a verdict out; no sockets.
 * An option that this server does not know, or not yet, is answered ERR_UNSUP and changes nothing.
 */

import { type Peer, STRANGER } from './access.ts';
import { NbdError } from './errors.ts';
import type { NbdExport } from './export.ts';
import {
  decodeString,
  exportNameReply,
  infoReplies,
  invalidOptionData,
  metaContextReply,
  OptionCursor,
  optionReply,
  serverReply,
  type Terms,
} from './handshake-messages.ts';
import { HandshakeFlag, type HeaderStyle, Option, OptionReply } from './protocol.ts';
import type { OptionRequest } from './session-decoder.ts';

/** The exports as a negotiation sees them. */
export interface ExportDirectory<T extends NamedExport = NamedExport> {
  /** By name; the empty name is the default export, where there is one. */
  find(name: string): T | undefined;
  list(): Iterable<T>;
}

export interface NamedExport {
  readonly name: string;
  readonly target: NbdExport;
  admits(peer: Peer): boolean;
  /** For another connection. */
  hasRoom(): boolean;
}

/** `required`: nothing but TLS is to be had before TLS. `optional`: exports say themselves whom they admit. */
export type TlsMode = 'off' | 'optional' | 'required';

/** A metadata context as selected; ids start at 1. */
export interface SelectedContext {
  readonly id: number;
  readonly name: string;
}

/** What the client agreed on, from the start of transmission. */
export interface Agreement<T extends NamedExport = NamedExport> {
  readonly served: T;
  readonly style: HeaderStyle;
  readonly contexts: readonly SelectedContext[];
}

export interface Step<T extends NamedExport = NamedExport> {
  readonly replies: readonly Buffer[];
  /** Present once the client has entered transmission. */
  readonly agreement?: Agreement<T>;
  /** The connection is over, after the replies. */
  readonly close?: boolean;
  /** The connection is to be encrypted, after the replies; `secured` tells when it is. */
  readonly startTls?: boolean;
}

export class Negotiation<T extends NamedExport = NamedExport> {
  private noZeroes = false;
  private style: HeaderStyle = 'simple';
  private selection: { served: T; contexts: SelectedContext[] } | undefined;

  private peer: Peer = STRANGER;

  constructor(
    private readonly directory: ExportDirectory<T>,
    private readonly tls: TlsMode = 'off',
  ) {}

  /** What was agreed in the clear counts no more (proto.md, STARTTLS). */
  secured(peer: Peer): void {
    this.peer = peer;
    this.style = 'simple';
    this.selection = undefined;
  }

  /** @throws NbdError `protocol_error` for flags that the server did not offer */
  clientFlags(flags: number): void {
    const known = HandshakeFlag.FixedNewstyle | HandshakeFlag.NoZeroes;
    if ((flags & ~known) !== 0) {
      throw new NbdError(
        'protocol_error',
        `client flags: got ${flags}, allowed are bits of ${known}`,
      );
    }
    this.noZeroes = (flags & HandshakeFlag.NoZeroes) !== 0;
  }

  /** @throws NbdError `protocol_error` where the protocol has no way to answer */
  handle({ option, data }: OptionRequest): Step<T> {
    if (option === Option.ExportName) {
      if (this.mustEncrypt) throw new NbdError('protocol_error', 'EXPORT_NAME before TLS');
      return this.exportName(data);
    }
    if (option === Option.Abort) {
      return { replies: [optionReply(option, OptionReply.Ack)], close: true };
    }
    try {
      return this.answer(option, data);
    } catch (error) {
      if (!(error instanceof NbdError) || error.context.replyType === undefined) throw error;
      return { replies: [optionReply(option, error.context.replyType, error.message)] };
    }
  }

  private get mustEncrypt(): boolean {
    return this.tls === 'required' && !this.peer.secure;
  }

  private answer(option: number, data: Buffer | undefined): Step<T> {
    if (option === Option.StartTls && this.tls !== 'off') return this.startTls(option, data);
    if (this.mustEncrypt) throw tlsRequired('this server speaks TLS only');
    switch (option) {
      case Option.List:
        return this.list(option, data);
      case Option.Info:
      case Option.Go:
        return this.infoOrGo(option, data);
      case Option.StructuredReply:
        requireEmpty(data);
        return this.structuredReplies(option);
      case Option.ExtendedHeaders:
        requireEmpty(data);
        this.style = 'extended';
        return { replies: [optionReply(option, OptionReply.Ack)] };
      case Option.ListMetaContext:
        return this.listContexts(option, data);
      case Option.SetMetaContext:
        return this.setContexts(option, data);
      default:
        throw new NbdError('option_refused', `option ${option} is not supported`, {
          replyType: OptionReply.ErrUnsupported,
        });
    }
  }

  /** Extended headers, once agreed, cannot be traded for structured replies (proto.md, STRUCTURED_REPLY). */
  private structuredReplies(option: number): Step<T> {
    if (this.style === 'extended') {
      throw new NbdError('option_refused', 'extended headers have been agreed already', {
        replyType: OptionReply.ErrExtendedHeadersRequired,
      });
    }
    this.style = 'structured';
    return { replies: [optionReply(option, OptionReply.Ack)] };
  }

  private startTls(option: number, data: Buffer | undefined): Step<T> {
    requireEmpty(data);
    if (this.peer.secure) throw invalidOptionData('TLS is in use already');
    return { replies: [optionReply(option, OptionReply.Ack)], startTls: true };
  }

  private exportName(data: Buffer | undefined): Step<T> {
    if (this.style === 'extended') {
      throw new NbdError('protocol_error', 'EXPORT_NAME after EXTENDED_HEADERS');
    }
    const name = data === undefined ? undefined : decodeString(data, 'export name');
    const served = name === undefined ? undefined : this.directory.find(name);
    if (served?.admits(this.peer) !== true) {
      throw new NbdError('protocol_error', 'EXPORT_NAME of an export that does not exist');
    }
    if (!served.hasRoom()) throw new NbdError('protocol_error', 'export has too many connections');
    return {
      replies: [exportNameReply(served.target, this.terms(served), this.noZeroes)],
      agreement: this.agreeOn(served),
    };
  }

  private list(option: number, data: Buffer | undefined): Step<T> {
    requireEmpty(data);
    const replies: Buffer[] = [];
    for (const served of this.directory.list()) {
      if (!served.admits(this.peer)) continue;
      replies.push(serverReply(option, served.name, served.target));
    }
    replies.push(optionReply(option, OptionReply.Ack));
    return { replies };
  }

  private infoOrGo(option: number, data: Buffer | undefined): Step<T> {
    const cursor = new OptionCursor(requireKept(data));
    const name = cursor.string('export name');
    const requests = cursor.u16('number of information requests');
    // every item is sent whatever was asked for, so that INFO and GO never differ
    for (let i = 0; i < requests; i += 1) cursor.u16('information request');
    cursor.end();
    const served = this.find(name);
    if (option === Option.Go && !served.hasRoom()) {
      throw new NbdError('option_refused', `export "${served.name}" has too many connections`, {
        replyType: OptionReply.ErrPolicy,
      });
    }
    const replies = infoReplies(option, served.name, served.target, this.terms(served));
    replies.push(optionReply(option, OptionReply.Ack));
    return option === Option.Go ? { replies, agreement: this.agreeOn(served) } : { replies };
  }

  private listContexts(option: number, data: Buffer | undefined): Step<T> {
    const { served, queries } = this.readContextQueries(data);
    const listed = this.offered(served).filter(
      (context) =>
        queries.length === 0 ||
        queries.some((query) => query === context || query === `${namespaceOf(context)}:`),
    );
    const replies = listed.map((context) => metaContextReply(option, 0, context));
    replies.push(optionReply(option, OptionReply.Ack));
    return { replies };
  }

  private setContexts(option: number, data: Buffer | undefined): Step<T> {
    // the old selection goes even when the new one fails (proto.md, SET_META_CONTEXT)
    this.selection = undefined;
    const { served, queries } = this.readContextQueries(data);
    const contexts = this.offered(served)
      .filter((context) => queries.includes(context))
      .map((name, index) => ({ id: index + 1, name }));
    this.selection = { served, contexts };
    const replies = contexts.map(({ id, name }) => metaContextReply(option, id, name));
    replies.push(optionReply(option, OptionReply.Ack));
    return { replies };
  }

  private readContextQueries(data: Buffer | undefined): { served: T; queries: string[] } {
    if (this.style === 'simple') {
      throw invalidOptionData('metadata contexts need structured replies first');
    }
    const cursor = new OptionCursor(requireKept(data));
    const name = cursor.string('export name');
    const count = cursor.u32('number of queries');
    const queries: string[] = [];
    // the cursor runs out of data long before a lying count does harm
    for (let i = 0; i < count; i += 1) queries.push(cursor.string('query'));
    cursor.end();
    return { served: this.find(name), queries };
  }

  private find(name: string): T {
    const served = this.directory.find(name);
    if (served?.admits(this.peer)) return served;
    const shown = name === '' ? 'default export' : `export "${name}"`;
    if (served !== undefined) throw this.notAdmitted(shown);
    throw new NbdError('option_refused', `${shown} does not exist`, {
      replyType: OptionReply.ErrUnknown,
    });
  }

  private notAdmitted(shown: string): NbdError {
    if (this.tls !== 'off' && !this.peer.secure) return tlsRequired(`${shown} needs TLS`);
    return new NbdError('option_refused', `${shown} does not admit this client`, {
      replyType: OptionReply.ErrPolicy,
    });
  }

  /** Contexts that this client can be given. */
  private offered({ target }: T): readonly string[] {
    const { metaContexts, wideContexts = [] } = target;
    if (this.style === 'extended') return metaContexts;
    return metaContexts.filter((context) => !wideContexts.includes(context));
  }

  private selected(served: T): readonly SelectedContext[] {
    return this.selection?.served === served ? this.selection.contexts : [];
  }

  private terms(served: T): Terms {
    return { style: this.style, withContexts: this.selected(served).length > 0 };
  }

  private agreeOn(served: T): Agreement<T> {
    return { served, style: this.style, contexts: this.selected(served) };
  }
}

function tlsRequired(message: string): NbdError {
  return new NbdError('option_refused', message, { replyType: OptionReply.ErrTlsRequired });
}

function namespaceOf(context: string): string {
  return context.slice(0, context.indexOf(':'));
}

function requireEmpty(data: Buffer | undefined): void {
  if (data?.length !== 0) throw invalidOptionData('this option takes no data');
}

function requireKept(data: Buffer | undefined): Buffer {
  if (data !== undefined) return data;
  throw new NbdError('option_refused', 'option data is too long', {
    replyType: OptionReply.ErrTooBig,
  });
}
