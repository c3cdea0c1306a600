/** One image: its facts and its zones. */

import type { components } from '@zonelab/client';
import { useImage } from '../../api/images.ts';
import { formatAge, formatBytes, formatCount } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Card, Facts, Labels, Page, Status, Warning } from '../../ui/basics.tsx';
import ui from '../../ui/ui.module.css';
import { useZones } from '../../zonemap/use-zones.ts';
import { ZonePanel } from '../../zonemap/zone-panel.tsx';

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
        >
          {image.error && <Warning>{image.error}</Warning>}
          <Card title="Geometry">
            <Facts of={geometryOf(image)} />
          </Card>
          {image.zoneCount !== null && image.zoneSize !== null && image.status === 'ready' && (
            <ZoneSection id={image.id} zoneCount={image.zoneCount} zoneSize={image.zoneSize} />
          )}
        </Page>
      )}
    </Answer>
  );
}

function ZoneSection(geometry: { id: string; zoneCount: number; zoneSize: number }) {
  const zones = useZones(geometry);
  return <ZonePanel zones={zones} />;
}

function geometryOf(image: Image): Record<string, string> {
  const bytes = (value: number | null) => (value === null ? '–' : formatBytes(value));
  const limit = (value: number | null) =>
    value === null || value === 0 ? 'no limit' : formatCount(value);
  const plain = {
    Size: formatBytes(image.size),
    'Logical block': formatBytes(image.logicalBlockSize),
    Cluster: formatBytes(image.clusterSize),
    Pool: image.pool,
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
