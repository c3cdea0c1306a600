import { describe, expect, it } from '@jest/globals';
import { MemoryExport, WIDE_CONTEXT } from './memory-export.fixture.ts';
import { contextData, goData, u32 } from './messages.fixture.ts';
import { type NamedExport, Negotiation, type Step } from './negotiation.ts';
import { Info, Option, OptionReply, TransmissionFlag } from './protocol.ts';

const everyone = () => true;
const disk: NamedExport = {
  name: 'disk',
  admits: everyone,
  hasRoom: everyone,
  target: new MemoryExport(1 << 20, { minimumBlockSize: 512, description: 'a test disk' }),
};
const other: NamedExport = {
  name: 'other',
  admits: everyone,
  hasRoom: everyone,
  target: new MemoryExport(4096, { readOnly: true }),
};

function start(...exports: NamedExport[]): Negotiation {
  return new Negotiation({
    find: (name) => exports.find((served) => served.name === (name || 'disk')),
    list: () => exports,
  });
}

function ask(negotiation: Negotiation, option: number, data: Buffer = Buffer.alloc(0)): Step {
  return negotiation.handle({ kind: 'option', option, data });
}

/** Reply types in order. */
function types(step: Step): number[] {
  return step.replies.map((reply) => reply.readUInt32BE(12));
}

function contextNames(step: Step): string[] {
  return step.replies
    .filter((reply) => reply.readUInt32BE(12) === OptionReply.MetaContext)
    .map((reply) => reply.toString('utf8', 24));
}

describe('GO and INFO', () => {
  it('tell size, name, description and block sizes', () => {
    const { replies } = ask(start(disk), Option.Info, goData('disk'));
    const items = new Map(replies.slice(0, -1).map((r) => [r.readUInt16BE(20), r.subarray(22)]));
    expect(items.get(Info.Export)?.readBigUInt64BE(0)).toBe(1n << 20n);
    expect(items.get(Info.Name)?.toString()).toBe('disk');
    expect(items.get(Info.Description)?.toString()).toBe('a test disk');
    expect([0, 4, 8].map((at) => items.get(Info.BlockSize)?.readUInt32BE(at))).toEqual([
      512,
      4096,
      32 << 20,
    ]);
  });

  it('give the same answers', () => {
    const info = ask(start(disk), Option.Info, goData('disk', 3, 2, 999)).replies;
    const go = ask(start(disk), Option.Go, goData('disk', 3, 2, 999)).replies;
    expect(go.map((r) => r.subarray(12))).toEqual(info.map((r) => r.subarray(12)));
  });

  it('enter transmission on GO only', () => {
    expect(ask(start(disk), Option.Info, goData('disk')).agreement).toBeUndefined();
    expect(ask(start(disk), Option.Go, goData('disk')).agreement?.served).toBe(disk);
  });

  it('take the empty name for the default export and tell its real one', () => {
    const step = ask(start(disk), Option.Go, goData(''));
    expect(step.agreement?.served).toBe(disk);
    expect(step.replies.some((reply) => reply.toString('utf8', 22) === 'disk')).toBe(true);
  });

  it('answer ERR_UNKNOWN for an export that does not exist', () => {
    const step = ask(start(disk), Option.Go, goData('elsewhere'));
    expect(types(step)).toEqual([OptionReply.ErrUnknown]);
    expect(step.agreement).toBeUndefined();
  });

  it.each([
    ['a name longer than the data', Buffer.concat([u32(0xffff_ffff), Buffer.from('disk\0\0')])],
    [
      'more information requests than data',
      Buffer.concat([goData('disk').subarray(0, 8), Buffer.of(0, 9)]),
    ],
    ['data left over', Buffer.concat([goData('disk'), Buffer.of(0)])],
    ['no data', Buffer.alloc(0)],
    ['a name with NUL', goData('di\0sk')],
    ['a name of 4097 bytes', goData('x'.repeat(4097))],
    ['a name that is not UTF-8', Buffer.concat([u32(2), Buffer.of(0xff, 0xfe), Buffer.of(0, 0)])],
  ])('answer ERR_INVALID for %s', (_what, data) => {
    expect(types(ask(start(disk), Option.Go, data))).toEqual([OptionReply.ErrInvalid]);
  });

  it('cut the message about an unknown name of 4096 bytes to what a message may have', () => {
    const [reply] = ask(start(disk), Option.Go, goData('é'.repeat(2048))).replies;
    expect(reply?.readUInt32BE(12)).toBe(OptionReply.ErrUnknown);
    expect(reply?.readUInt32BE(16)).toBeLessThanOrEqual(4096);
    expect(reply?.toString('utf8', 20)).not.toContain('\ufffd');
  });
});

describe('other options', () => {
  it('lists all exports with their descriptions', () => {
    const step = ask(start(disk, other), Option.List);
    expect(types(step)).toEqual([OptionReply.Server, OptionReply.Server, OptionReply.Ack]);
    expect(step.replies[0]?.toString('utf8', 24)).toBe('diska test disk');
  });

  it.each([
    ['LIST', Option.List],
    ['STRUCTURED_REPLY', Option.StructuredReply],
    ['EXTENDED_HEADERS', Option.ExtendedHeaders],
  ])('answers ERR_INVALID to %s with data', (_name, option) => {
    expect(types(ask(start(disk), option, Buffer.of(1)))).toEqual([OptionReply.ErrInvalid]);
  });

  it.each([
    ['STARTTLS', Option.StartTls],
    ['PEEK', 4],
    ['junk', 0xffff_ffff],
  ])('answers ERR_UNSUP to %s and goes on', (_name, option) => {
    const negotiation = start(disk);
    expect(types(ask(negotiation, option))).toEqual([OptionReply.ErrUnsupported]);
    expect(ask(negotiation, Option.Go, goData('disk')).agreement).toBeDefined();
  });

  it('acknowledges ABORT whatever its data, and closes', () => {
    const step = ask(start(disk), Option.Abort, Buffer.from('so long'));
    expect(types(step)).toEqual([OptionReply.Ack]);
    expect(step.close).toBe(true);
  });

  it('answers ERR_TOO_BIG for data that was too long to keep', () => {
    const step = start(disk).handle({ kind: 'option', option: Option.Go, data: undefined });
    expect(types(step)).toEqual([OptionReply.ErrTooBig]);
  });

  it('pads the answer to EXPORT_NAME unless the client declined', () => {
    const padded = ask(start(disk), Option.ExportName, Buffer.from('disk')).replies[0];
    const declined = start(disk);
    declined.clientFlags(3);
    const bare = ask(declined, Option.ExportName, Buffer.from('disk')).replies[0];
    expect([padded?.length, bare?.length]).toEqual([134, 10]);
  });

  it('gives up on EXPORT_NAME of an export that does not exist', () => {
    expect(() => ask(start(disk), Option.ExportName, Buffer.from('nope'))).toThrow(
      'does not exist',
    );
  });

  it('gives up on client flags that it did not offer', () => {
    expect(() => start(disk).clientFlags(4)).toThrow('client flags');
  });
});

describe('metadata contexts', () => {
  function structured(...exports: NamedExport[]): Negotiation {
    const negotiation = start(...exports);
    ask(negotiation, Option.StructuredReply);
    return negotiation;
  }

  it('need structured replies first', () => {
    const step = ask(start(disk), Option.SetMetaContext, contextData('disk', 'base:allocation'));
    expect(types(step)).toEqual([OptionReply.ErrInvalid]);
  });

  it.each([[[]], [['base:']], [['base:allocation', 'base:']]])(
    'lists all for queries %j',
    (queries) => {
      const step = ask(structured(disk), Option.ListMetaContext, contextData('disk', ...queries));
      expect(contextNames(step)).toEqual(['base:allocation']);
    },
  );

  it.each([[[]], [['base:']], [['base:allocatio']], [['qemu:dirty-bitmap:b', 'no-namespace']]])(
    'selects none for queries %j',
    (queries) => {
      const step = ask(structured(disk), Option.SetMetaContext, contextData('disk', ...queries));
      expect(types(step)).toEqual([OptionReply.Ack]);
    },
  );

  it('selects a context once however often it is asked for', () => {
    const negotiation = structured(disk);
    const queries = ['base:allocation', 'base:allocation'];
    const step = ask(negotiation, Option.SetMetaContext, contextData('disk', ...queries));
    expect(contextNames(step)).toEqual(['base:allocation']);
    const { agreement } = ask(negotiation, Option.Go, goData('disk'));
    expect(agreement?.contexts).toEqual([{ id: 1, name: 'base:allocation' }]);
  });

  it('loses the selection when a later one fails', () => {
    const negotiation = structured(disk);
    ask(negotiation, Option.SetMetaContext, contextData('disk', 'base:allocation'));
    ask(negotiation, Option.SetMetaContext, contextData('nope', 'base:allocation'));
    expect(ask(negotiation, Option.Go, goData('disk')).agreement?.contexts).toEqual([]);
  });

  it('does not carry the selection over to another export', () => {
    const negotiation = structured(disk, other);
    ask(negotiation, Option.SetMetaContext, contextData('disk', 'base:allocation'));
    expect(ask(negotiation, Option.Go, goData('other')).agreement?.contexts).toEqual([]);
  });

  it('answers ERR_INVALID for more queries than data', () => {
    const data = Buffer.concat([contextData('disk').subarray(0, 8), u32(0xffff_ffff)]);
    const step = ask(structured(disk), Option.SetMetaContext, data);
    expect(types(step)).toEqual([OptionReply.ErrInvalid]);
  });
});

describe('extended headers', () => {
  function extended(...exports: NamedExport[]): Negotiation {
    const negotiation = start(...exports);
    expect(types(ask(negotiation, Option.ExtendedHeaders))).toEqual([OptionReply.Ack]);
    return negotiation;
  }

  it('need no structured replies first, and give metadata contexts', () => {
    const negotiation = extended(disk);
    const queries = contextData('disk', 'base:allocation', WIDE_CONTEXT);
    const step = ask(negotiation, Option.SetMetaContext, queries);
    expect(contextNames(step)).toEqual(['base:allocation', WIDE_CONTEXT]);
    expect(ask(negotiation, Option.Go, goData('disk')).agreement?.style).toBe('extended');
  });

  it('take precedence over structured replies, which come too late', () => {
    const negotiation = extended(disk);
    const step = ask(negotiation, Option.StructuredReply);
    expect(types(step)).toEqual([OptionReply.ErrExtendedHeadersRequired]);
    const earlier = start(disk);
    ask(earlier, Option.StructuredReply);
    ask(earlier, Option.ExtendedHeaders);
    expect(ask(earlier, Option.Go, goData('disk')).agreement?.style).toBe('extended');
  });

  it('forbid EXPORT_NAME', () => {
    expect(() => ask(extended(disk), Option.ExportName, Buffer.from('disk'))).toThrow(
      'EXPORT_NAME after EXTENDED_HEADERS',
    );
  });

  it.each([Option.ListMetaContext, Option.SetMetaContext])(
    'are needed to see contexts of 64 bits by option %d',
    (option) => {
      const negotiation = start(disk);
      ask(negotiation, Option.StructuredReply);
      const step = ask(negotiation, option, contextData('disk', 'base:allocation', WIDE_CONTEXT));
      expect(contextNames(step)).toEqual(['base:allocation']);
    },
  );

  it('offer payloads of BLOCK_STATUS once contexts are selected, in INFO as in GO', () => {
    const negotiation = extended(disk);
    expect(offered(ask(negotiation, Option.Info, goData('disk')))).toBe(false);
    ask(negotiation, Option.SetMetaContext, contextData('disk', 'base:allocation'));
    expect(offered(ask(negotiation, Option.Info, goData('disk')))).toBe(true);
    expect(offered(ask(negotiation, Option.Go, goData('disk')))).toBe(true);
  });

  function offered({ replies }: Step): boolean {
    const facts = replies.find((reply) => reply.readUInt16BE(20) === Info.Export);
    return ((facts?.readUInt16BE(30) ?? 0) & TransmissionFlag.BlockStatusPayload) !== 0;
  }
});
