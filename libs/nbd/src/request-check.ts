/**
 * The one place where a request is validated. What passes has a known command, only flags that apply,
 * an aligned range inside the export, and permission; exports need not look again.
 * Which error stands for what: proto.md, "Error values" and the text of each command.
 */

import { NbdError } from './errors.ts';
import type { NbdExport } from './export.ts';
import { MAX_PAYLOAD_BYTES } from './limits.ts';
import type { Agreement } from './negotiation.ts';
import { Command, CommandFlag, type HeaderStyle } from './protocol.ts';
import type { Request } from './session-decoder.ts';

/** The error that refuses the request, or undefined where it may go on. */
export function checkRequest(request: Request, agreement: Agreement): NbdError | undefined {
  const { target } = agreement.served;
  const { command } = request;
  const allowed = allowedFlags(command, target, agreement.style);
  if (allowed === undefined) return new NbdError('EINVAL', `command ${command} is not supported`);
  if ((request.flags & ~allowed) !== 0) {
    return new NbdError(
      'EINVAL',
      `flags of command ${command}: got ${hex(request.flags)}, allowed are bits of ${hex(allowed)}`,
    );
  }
  if (command === Command.Flush) return checkFlush(request);
  const changes = isChange(command);
  if (changes && target.readOnly) return new NbdError('EPERM', 'export is read-only');
  if (command === Command.BlockStatus) {
    const refusal = checkContexts(request, agreement);
    if (refusal !== undefined) return refusal;
  }
  return checkRange(request, target, changes) ?? checkLength(request, agreement.style);
}

function allowedFlags(command: number, target: NbdExport, style: HeaderStyle): number | undefined {
  const payload = style === 'extended' ? CommandFlag.PayloadLength : 0;
  switch (command) {
    case Command.Read:
      return style === 'simple' ? CommandFlag.Fua : CommandFlag.Fua | CommandFlag.DontFragment;
    case Command.Write:
      return CommandFlag.Fua | payload;
    case Command.Flush:
    case Command.Trim:
      return CommandFlag.Fua;
    case Command.Cache:
      return target.cache === undefined ? undefined : CommandFlag.Fua;
    case Command.WriteZeroes: {
      const common = CommandFlag.Fua | CommandFlag.NoHole;
      return target.fastZero ? common | CommandFlag.FastZero : common;
    }
    case Command.BlockStatus:
      return CommandFlag.Fua | CommandFlag.RequestOne | payload;
    default:
      return undefined;
  }
}

/** A BLOCK_STATUS that names contexts must name selected ones, each once. */
function checkContexts(
  { flags, contextIds }: Request,
  { contexts }: Agreement,
): NbdError | undefined {
  if (contexts.length === 0) return new NbdError('EINVAL', 'no metadata context was selected');
  if ((flags & CommandFlag.PayloadLength) === 0) return undefined;
  const known = contexts.map(({ id }) => id);
  const good =
    contextIds !== undefined &&
    contextIds.length > 0 &&
    new Set(contextIds).size === contextIds.length &&
    contextIds.every((id) => known.includes(id));
  if (good) return undefined;
  const given = contextIds?.join(', ') || 'none that can be read';
  return new NbdError(
    'EINVAL',
    `context ids: got ${given}, allowed are ${known.join(', ')}, each once`,
  );
}

function isChange(command: number): boolean {
  return command === Command.Write || command === Command.WriteZeroes || command === Command.Trim;
}

function checkFlush({ offset, length }: Request): NbdError | undefined {
  if (offset === 0 && length === 0) return undefined;
  return new NbdError(
    'EINVAL',
    `flush: got offset ${offset} length ${length}, allowed are 0 and 0`,
  );
}

function checkRange(request: Request, target: NbdExport, changes: boolean): NbdError | undefined {
  const { offset, length, command } = request;
  if (offset + length > target.size) {
    // TRIM changes the export too, but a missing place to write is not its trouble
    const code = changes && command !== Command.Trim ? 'ENOSPC' : 'EINVAL';
    return new NbdError(
      code,
      `offset ${offset} length ${length}: the export ends at ${target.size}`,
    );
  }
  const block = target.minimumBlockSize;
  if (offset % block !== 0 || length % block !== 0) {
    return new NbdError('EINVAL', `offset ${offset} length ${length}: not multiples of ${block}`);
  }
  return undefined;
}

function checkLength({ command, length }: Request, style: HeaderStyle): NbdError | undefined {
  if (command === Command.BlockStatus && length === 0) {
    return new NbdError('EINVAL', 'block status: got length 0, allowed is more');
  }
  if (length <= MAX_PAYLOAD_BYTES || (command !== Command.Read && command !== Command.Write)) {
    return undefined;
  }
  const code = command === Command.Read && style !== 'simple' ? 'EOVERFLOW' : 'EINVAL';
  return new NbdError(code, `length: got ${length}, allowed is at most ${MAX_PAYLOAD_BYTES}`);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
