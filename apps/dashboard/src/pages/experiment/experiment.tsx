/** One experiment: on its way, or its report. */

import { Link } from 'wouter';
import { type Experiment, useCancelExperiment, useExperiment } from '../../api/experiments.ts';
import { formatAge, formatBytes } from '../../format/units.ts';
import { Answer } from '../../ui/answer.tsx';
import { Button, Card, Page, Status, Warning } from '../../ui/basics.tsx';
import { CodeBlock } from '../../ui/copy.tsx';
import { DownloadButton } from '../../ui/download-button.tsx';
import ui from '../../ui/ui.module.css';
import { presetOf, titleOf } from '../experiments/experiments.tsx';
import { ExperimentProgress } from '../experiments/progress.tsx';
import { ReportView } from './report-view.tsx';

export function ExperimentPage({ id }: { id: string }) {
  return (
    <Answer query={useExperiment(id)} what="the experiment">
      {(one) => (
        <Page title={titleOf(one)} about={<About of={one} />} actions={<Actions of={one} />}>
          {one.error && <Warning>{one.error}</Warning>}
          {(one.status === 'queued' || one.status === 'running') && (
            <Card title={one.status === 'queued' ? 'Waiting for a worker' : 'Running'}>
              <ExperimentProgress of={one} />
            </Card>
          )}
          {one.status === 'succeeded' && <ReportView id={id} />}
          <details>
            <summary>Its definition</summary>
            <CodeBlock
              label="Run it again with this"
              text={JSON.stringify(one.definition, null, 2)}
            />
          </details>
        </Page>
      )}
    </Answer>
  );
}

function About({ of }: { of: Experiment }) {
  return (
    <span className={ui.row}>
      <Status of={of.status} />
      <span>
        on {presetOf(of)}, seed {of.seed}, queued {formatAge(of.createdAt)}
      </span>
      {of.imageId && (
        <Link href={`/images/${of.imageId}`}>
          carried out byte by byte by an image
          {of.verifiedBytes !== null && `, ${formatBytes(of.verifiedBytes)} verified`}
        </Link>
      )}
      {of.sweepId && <Link href={`/sweeps/${of.sweepId}`}>part of a sweep</Link>}
    </span>
  );
}

function Actions({ of }: { of: Experiment }) {
  const cancel = useCancelExperiment();
  if (of.status === 'queued' || of.status === 'running') {
    return (
      <Button look="danger" disabled={cancel.isPending} onClick={() => cancel.mutate(of)}>
        Cancel
      </Button>
    );
  }
  if (of.status !== 'succeeded') return null;
  const path = `/v1/experiments/${of.id}/report`;
  const name = of.name ?? of.id;
  return (
    <>
      <DownloadButton path={path} fileName={`${name}.json`}>
        JSON
      </DownloadButton>
      <DownloadButton
        path={`${path}?format=csv&table=operations`}
        fileName={`${name}-operations.csv`}
      >
        CSV
      </DownloadButton>
      <DownloadButton path={`${path}?format=csv&table=series`} fileName={`${name}-series.csv`}>
        Series as CSV
      </DownloadButton>
      <DownloadButton path={`${path}?format=html`} fileName={`${name}.html`}>
        HTML
      </DownloadButton>
    </>
  );
}
