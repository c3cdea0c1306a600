/**
 * One reader per trace format. Times are told from the first record, so that clocks of any epoch keep their precision.
 * Sources: fio(1) "TRACE FILE FORMAT"; blkparse(1) default output; the SNIA descriptions of the MSR Cambridge and
 * SYSTOR '17 traces; the README files of the Alibaba and Tencent block traces.
 */
import { type LineReader, type TraceFormat, TraceLineError, TraceOp } from './record.ts';

const SECTOR = 512;

/** A new reader: it remembers the first time stamp, and what kind of file it is in. */
export function createLineReader(format: TraceFormat): LineReader {
  switch (format) {
    case 'fio-iolog':
      return fioIolog();
    case 'blkparse':
      return blkparse();
    case 'msr':
      return msr();
    case 'alibaba':
      return alibaba();
    case 'tencent':
      return tencent();
    case 'systor17':
      return systor17();
  }
}

function whole(field: string, text: string | undefined): number {
  const value = Number(text);
  if (text !== undefined && text !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TraceLineError(field, text ?? 'nothing', 'a whole number from 0');
}

function decimal(field: string, text: string | undefined): number {
  const value = Number(text);
  if (text !== undefined && text.trim() !== '' && Number.isFinite(value)) return value;
  throw new TraceLineError(field, text ?? 'nothing', 'a number');
}

function columns(line: string, count: number): string[] {
  const parts = line.split(',');
  if (parts.length >= count) return parts;
  throw new TraceLineError('columns', String(parts.length), `${count}, separated by commas`);
}

/** Versions 2 and 3; version 2 has no times but waits, version 3 microseconds (as fio writes them, whatever it says). */
function fioIolog(): LineReader {
  let version = 0;
  let clockNs = 0;
  let firstNs: number | undefined;
  return (line, record) => {
    if (version === 0) {
      const found = /^fio version ([23]) iolog$/.exec(line.trim());
      if (!found) throw new TraceLineError('first line', line, 'fio version 2 iolog, or 3');
      version = Number(found[1]);
      return false;
    }
    const parts = line.trim().split(/\s+/);
    if (version === 3) {
      const us = whole('timestamp', parts.shift());
      clockNs = us * 1000;
    }
    const action = parts[1];
    switch (action) {
      case 'add':
      case 'open':
      case 'close':
      case 'sync':
      case 'datasync':
        return false;
      case 'wait':
        if (version === 3) break;
        clockNs += whole('wait', parts[2]) * 1000;
        return false;
      case 'read':
      case 'write':
      case 'trim':
        record.op =
          action === 'read' ? TraceOp.Read : action === 'write' ? TraceOp.Write : TraceOp.Trim;
        firstNs ??= clockNs;
        record.timeNs = clockNs - firstNs;
        record.offset = whole('offset', parts[2]);
        record.length = whole('length', parts[3]);
        return record.length > 0;
    }
    throw new TraceLineError(
      'action',
      action ?? 'nothing',
      'read, write, trim, wait, sync, open …',
    );
  };
}

/** `8,0 3 11 0.009507758 697 Q W 223490 + 56 [kjournald]`; requests as the block layer queues them. */
function blkparse(): LineReader {
  let first: number | undefined;
  const shape =
    /^\s*\d+,\d+\s+\d+\s+\d+\s+(\d+)\.(\d{9})\s+\d+\s+([A-Z]{1,2})\s+([A-Z]+)\s+(\d+)\s+\+\s+(\d+)/;
  const anyEvent = /^\s*\d+,\d+\s+\d+\s+\d+\s+\d+\.\d+\s+\d+\s+[A-Z]{1,2}\s/;
  let ended = false;
  return (line, record) => {
    const found = shape.exec(line);
    if (!found) {
      // a summary follows the events: "CPU0 (8,0):" and what is indented below it
      ended ||= /^(CPU\d+|Total) \(/.test(line);
      if (ended || anyEvent.test(line) || line.trim() === '') return false;
      throw new TraceLineError('line', line.slice(0, 60), 'an event as blkparse prints it');
    }
    const [, seconds, nanoseconds, event, kind = ''] = found;
    if (event !== 'Q') return false;
    const timeNs = Number(seconds) * 1e9 + Number(nanoseconds);
    first ??= timeNs;
    if (kind.includes('D')) record.op = TraceOp.Trim;
    else if (kind.includes('W')) record.op = TraceOp.Write;
    else if (kind.includes('R')) record.op = TraceOp.Read;
    else return false;
    record.timeNs = timeNs - first;
    record.offset = Number(found[5]) * SECTOR;
    record.length = Number(found[6]) * SECTOR;
    return record.length > 0;
  };
}

/** `Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime`; times in 100 ns since 1601. */
function msr(): LineReader {
  let firstHigh: number | undefined;
  let firstLow = 0;
  return (line, record) => {
    const parts = columns(line, 6);
    const [stamp = ''] = parts;
    if (!/^\d{1,20}$/.test(stamp)) {
      throw new TraceLineError('Timestamp', stamp, 'a whole number of 100 ns');
    }
    // 18 digits do not fit a double: the difference to the first one does
    const high = Number(stamp.slice(0, -9) || '0');
    const low = Number(stamp.slice(-9));
    if (firstHigh === undefined) [firstHigh, firstLow] = [high, low];
    record.timeNs = ((high - firstHigh) * 1e9 + (low - firstLow)) * 100;
    record.op = operation('Type', parts[3], 'Read', 'Write');
    record.offset = whole('Offset', parts[4]);
    record.length = whole('Size', parts[5]);
    return record.length > 0;
  };
}

/** `device_id,opcode,offset,length,timestamp`; bytes and microseconds. */
function alibaba(): LineReader {
  let first: number | undefined;
  return (line, record) => {
    const parts = columns(line, 5);
    if (parts[0] === 'device_id') return false;
    const us = whole('timestamp', parts[4]);
    first ??= us;
    record.op = operation('opcode', parts[1], 'R', 'W');
    record.timeNs = (us - first) * 1000;
    record.offset = whole('offset', parts[2]);
    record.length = whole('length', parts[3]);
    return record.length > 0;
  };
}

/** `timestamp,offset,size,type,volume`; seconds and sectors; type 0 reads, 1 writes. */
function tencent(): LineReader {
  let first: number | undefined;
  return (line, record) => {
    const parts = columns(line, 5);
    const seconds = whole('timestamp', parts[0]);
    first ??= seconds;
    record.op = operation('type', parts[3], '0', '1');
    record.timeNs = (seconds - first) * 1e9;
    record.offset = whole('offset', parts[1]) * SECTOR;
    record.length = whole('size', parts[2]) * SECTOR;
    return record.length > 0;
  };
}

/** `Timestamp,Response,IOType,LUN,Offset,Size`; seconds with a fraction, bytes. */
function systor17(): LineReader {
  let first: number | undefined;
  return (line, record) => {
    const parts = columns(line, 6);
    if (parts[0] === 'Timestamp' || parts[2] === '') return false;
    const seconds = decimal('Timestamp', parts[0]);
    first ??= seconds;
    record.op = operation('IOType', parts[2], 'R', 'W');
    record.timeNs = Math.round((seconds - first) * 1e9);
    record.offset = whole('Offset', parts[4]);
    record.length = whole('Size', parts[5]?.trim());
    return record.length > 0;
  };
}

function operation(field: string, text: string | undefined, read: string, write: string): TraceOp {
  if (text === read) return TraceOp.Read;
  if (text === write) return TraceOp.Write;
  throw new TraceLineError(field, text ?? 'nothing', `${read} or ${write}`);
}
