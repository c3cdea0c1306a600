/** One image: its facts, its zones as they change, its exports and snapshots. */

import type { components } from '@zonelab/client';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useExports } from '../../api/exports.ts';
import { useImage } from '../../api/images.ts';
import { formatAge, formatBytes, formatCount } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card, Facts, Labels, Page, Progress, Status, Warning } from '../../ui/basics.tsx';
import { InfiniteAnswer } from '../../ui/infinite-answer.tsx';
import ui from '../../ui/ui.module.css';
import { useZones } from '../../zonemap/use-zones.ts';
import { ResetAll, ZoneActions } from '../../zonemap/zone-actions.tsx';
import { ZonePanel } from '../../zonemap/zone-panel.tsx';
import { ExportTable } from '../exports/exports.tsx';
import { ImageActions } from './image-actions.tsx';
import { Snapshots } from './snapshots.tsx';

type Image = components['schemas']['Image'];

export function ImagePage({ id }: { id: string }) {
  return (
    <Answer query={useImage(id)} what="the image">
      {(image) => (
        <Page
          title={image.name}
          about={
            <span className={ui.row}>
              <Status of={image.status} />
              <Labels of={image.labels} />
              <span>created {formatAge(image.createdAt)}</span>
            </span>
          }
          actions={<ImageActions image={image} />}
        >
          {image.error && <Warning>{image.error}</Warning>}
          {image.status !== 'ready' && image.progress < 1 && (
            <Progress value={image.progress} label={`Progress of ${image.status}`} />
          )}
          <Sections image={image} />
        </Page>
      )}
    </Answer>
  );
}

function Sections({ image }: { image: Image }) {
  const { id, name, zoneCount, zoneSize, status } = image;
  const exports = useExports({ imageId: id });
  const exported = exports.data?.pages.some(({ items }) => items.length > 0);
  const snapshots = (onApplied?: () => void) =>
    exported === undefined ? null : <Snapshots id={id} exported={exported} onApplied={onApplied} />;
  const ready = status === 'ready';
  return (
    <>
      {ready && zoneCount !== null && zoneSize !== null && (
        <Zones id={id} name={name} zoneCount={zoneCount} zoneSize={zoneSize} below={snapshots} />
      )}
      {ready && zoneCount === null && snapshots()}
      <ImageExports query={exports} />
      <Card title="Geometry">
        <Facts of={geometryOf(image)} />
      </Card>
    </>
  );
}

interface ZonesProps {
  id: string;
  name: string;
  zoneCount: number;
  zoneSize: number;
  /** What can change all zones at once is given the way to read them again. */
  below: (reload: () => void) => ReactNode;
}

function Zones({ below, ...image }: ZonesProps) {
  const zones = useZones(image);
  return (
    <>
      <ZonePanel
        zones={zones}
        tools={<ResetAll imageId={image.id} name={image.name} />}
        actions={(index) => <ZoneActions imageId={image.id} table={zones.table} index={index} />}
      />
      {below(zones.reload)}
    </>
  );
}

function ImageExports({ query }: { query: ReturnType<typeof useExports> }) {
  return (
    <InfiniteAnswer query={query} what="its exports">
      {(exports) =>
        exports.length === 0 ? (
          <Card title="Exports">
            <p className={ui.muted}>
              Not exported: no machine has it attached. Export makes it an NBD disk.
            </p>
          </Card>
        ) : (
          <>
            <h2>Exports</h2>
            <ExportTable exports={exports} />
          </>
        )
      }
    </InfiniteAnswer>
  );
}

function geometryOf(image: Image) {
  const bytes = (value: number | null) => (value === null ? '–' : formatBytes(value));
  const limit = (value: number | null) =>
    value === null || value === 0 ? 'no limit' : formatCount(value);
  const base = image.backingImageId;
  const plain = {
    Size: formatBytes(image.size),
    'Logical block': formatBytes(image.logicalBlockSize),
    Cluster: formatBytes(image.clusterSize),
    Pool: image.pool,
    ...(base && { Base: <Link href={`/images/${base}`}>{base.slice(0, 8)}…</Link> }),
  };
  if (image.profile === null) return plain;
  return {
    Rules: image.profile.toUpperCase(),
    ...plain,
    Zones: formatCount(image.zoneCount ?? 0),
    'Zone size': bytes(image.zoneSize),
    'Zone capacity': bytes(image.zoneCapacity),
    Conventional: formatCount(image.conventionalZones ?? 0),
    'Open zones': limit(image.maxOpenZones),
    'Active zones': limit(image.maxActiveZones),
    'Largest append': image.maxAppendSectors ? formatBytes(image.maxAppendSectors * 512) : 'none',
  };
}
