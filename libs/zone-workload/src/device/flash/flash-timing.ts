/**
 * A flash device as a mechanism: one command processor, a link to the host, channels, dies, and a write buffer that
 * drains to them. Nothing here knows a published figure; throughput and latency follow from who waits for whom.
 */
import { type ZonedGeometry, ZoneState } from '@zonelab/qcow2-zoned';
import { EventQueue } from '../../engine/event-queue.ts';
import { type Command, Op } from '../command.ts';
import type { CompletionSink, Effect, TimingModel } from '../timing.ts';
import { zoneCapacity } from '../zone-layout.ts';
import { CommandProcessor } from './command-processor.ts';
import { Dies } from './dies.ts';
import type { FlashTiming } from './parameters.ts';
import { Pipe } from './pipe.ts';
import { WritePath } from './write-path.ts';
import { ZoneWork } from './zone-work.ts';

export class FlashTimingModel implements TimingModel {
  private readonly agenda: EventQueue;
  private readonly processor: CommandProcessor;
  private readonly dies: Dies;
  private readonly writes: WritePath;
  private readonly work: ZoneWork;
  private readonly channels: readonly Pipe[];
  private readonly toHost: Pipe;
  private readonly fromHost: Pipe;
  private sink: CompletionSink | undefined;
  /** Sums over commands, in ns. */
  private readonly spent = {
    commandProcessing: 0,
    fixed: 0,
    transfer: 0,
    dieWait: 0,
    flashRead: 0,
    bufferWait: 0,
    zoneManagement: 0,
  };

  constructor(
    private readonly timing: FlashTiming,
    private readonly geometry: ZonedGeometry,
    seed: number,
  ) {
    this.agenda = new EventQueue(timing.dies + 16);
    this.processor = new CommandProcessor(timing.commandSpread, seed);
    this.dies = new Dies(timing, this.agenda, (zone, bytes, owner, nowNs) => {
      if (owner < 0) this.writes.ended(zone, bytes, nowNs);
      else this.work.ended(owner, nowNs);
    });
    this.writes = new WritePath(timing, geometry, this.dies, (slot, nowNs, readyNs) => {
      this.spent.bufferWait += Math.max(0, nowNs - readyNs);
      this.sink?.complete(slot, Math.max(nowNs, readyNs));
    });
    this.work = new ZoneWork(
      timing,
      geometry,
      timing.dies,
      this.agenda,
      this.processor,
      this.dies,
      this.writes,
      (slot, startNs, endNs) => {
        this.spent.zoneManagement += endNs - startNs;
        this.sink?.complete(slot, endNs);
      },
    );
    this.channels = Array.from({ length: timing.channels }, () => new Pipe(timing.channelRate));
    this.toHost = new Pipe(timing.hostReadRate);
    this.fromHost = new Pipe(timing.hostWriteRate);
  }

  attach(sink: CompletionSink): void {
    this.sink = sink;
  }

  get nextNs(): number {
    return this.agenda.nextNs;
  }

  tick(): void {
    const nowNs = this.agenda.nextNs;
    const event = this.agenda.pop();
    if (event < this.timing.dies) this.dies.tick(event, nowNs);
    else this.work.tick(event - this.timing.dies, nowNs);
  }

  breakdownNs(): Readonly<Record<string, number>> {
    return { ...this.spent };
  }

  submit(slot: number, command: Command, effect: Effect, nowNs: number): void {
    const { timing } = this;
    switch (command.op) {
      case Op.Read: {
        const afterNs = this.process(nowNs, timing.readCommandNs);
        const doneNs = effect.refused ? afterNs : this.read(command, effect, afterNs);
        this.sink?.complete(slot, doneNs);
        return;
      }
      case Op.Write:
        this.write(slot, command, effect, nowNs, timing.writeCommandNs, timing.writeFixedNs);
        return;
      case Op.Append:
        this.write(slot, command, effect, nowNs, timing.appendCommandNs, timing.appendFixedNs);
        return;
      default:
        this.manage(slot, command, effect, nowNs);
    }
  }

  private process(nowNs: number, meanNs: number): number {
    const endNs = this.processor.command(nowNs, meanNs);
    this.spent.commandProcessing += endNs - nowNs;
    return endNs;
  }

  /** Returns when the data is with the host. */
  private read({ zoneIndex, offset, length }: Command, effect: Effect, nowNs: number): number {
    const { timing } = this;
    const { pageBytes } = timing;
    const start = offset - zoneIndex * this.geometry.zoneSize;
    const end = start + length;
    const onFlash = effect.occupiedBefore - this.writes.buffered(zoneIndex);
    let doneNs = nowNs;
    for (let at = start; at < end; ) {
      const page = Math.floor(at / pageBytes);
      const upTo = Math.min(end, (page + 1) * pageBytes);
      // data in the buffer, and bytes that were never written, need no die
      const isHeld = at < onFlash || this.geometry.conventionalZones > zoneIndex;
      if (isHeld) doneNs = Math.max(doneNs, this.readPage(zoneIndex, page, upTo - at, nowNs));
      at = upTo;
    }
    const linkNs = this.toHost.pass(nowNs, doneNs, length);
    this.spent.transfer += linkNs - doneNs;
    this.spent.fixed += timing.readFixedNs;
    return linkNs + timing.readFixedNs;
  }

  private readPage(zone: number, page: number, bytes: number, nowNs: number): number {
    const { slowPageEvery, slowPageReadNs, pageReadNs, channels, diesPerZone, dies } = this.timing;
    const row = Math.floor(page / (diesPerZone || dies)); // one page of each of the zone's dies
    const isSlow = slowPageEvery > 0 && row % slowPageEvery === slowPageEvery - 1;
    const readNs = isSlow ? slowPageReadNs : pageReadNs;
    const die = this.writes.dieOf(zone, page);
    const channel = this.channels[die % channels] as Pipe;
    const moveNs = channel.lengthNs(bytes);
    const beginNs = this.dies.read(die, nowNs, readNs + moveNs);
    this.spent.dieWait += beginNs - nowNs;
    this.spent.flashRead += readNs;
    const endNs = channel.pass(nowNs, beginNs + readNs, bytes);
    this.spent.transfer += endNs - beginNs - readNs;
    return endNs;
  }

  private write(
    slot: number,
    { zoneIndex, length }: Command,
    effect: Effect,
    nowNs: number,
    commandNs: number,
    fixedNs: number,
  ): void {
    const afterNs = this.process(nowNs, commandNs);
    if (effect.refused) {
      this.sink?.complete(slot, afterNs);
      return;
    }
    const wasOpen =
      effect.stateBefore === ZoneState.ImplicitOpen ||
      effect.stateBefore === ZoneState.ExplicitOpen ||
      effect.stateBefore === ZoneState.NotWritePointer;
    const openNs = wasOpen ? 0 : this.timing.implicitOpenNs;
    const movedNs = this.fromHost.pass(nowNs, afterNs, length);
    this.spent.transfer += movedNs - afterNs;
    this.spent.fixed += fixedNs + openNs;
    const fills = effect.stateAfter === ZoneState.Full;
    this.writes.write(slot, zoneIndex, length, fills, movedNs + fixedNs + openNs, nowNs);
  }

  private manage(slot: number, command: Command, effect: Effect, nowNs: number): void {
    const { timing } = this;
    const zone = command.zoneIndex;
    const afterNs = this.process(nowNs, timing.manageCommandNs);
    if (effect.refused) {
      this.sink?.complete(slot, afterNs);
      return;
    }
    const { stateBefore, occupiedBefore } = effect;
    const isFull = stateBefore === ZoneState.Full;
    switch (command.op) {
      case Op.Reset:
        this.work.reset(slot, zone, occupiedBefore, !isFull && occupiedBefore > 0, nowNs, afterNs);
        return;
      case Op.Finish: {
        const rest = zoneCapacity(this.geometry, zone) - occupiedBefore;
        if (!isFull && occupiedBefore > 0 && timing.finishPads) {
          this.work.finish(slot, zone, rest, nowNs, afterNs);
        } else this.fixed(slot, nowNs, afterNs + timing.finishNs);
        return;
      }
      default:
        this.fixed(
          slot,
          nowNs,
          afterNs + (command.op === Op.Open ? timing.openNs : timing.closeNs),
        );
    }
  }

  private fixed(slot: number, startNs: number, endNs: number): void {
    this.spent.zoneManagement += endNs - startNs;
    this.sink?.complete(slot, endNs);
  }
}
