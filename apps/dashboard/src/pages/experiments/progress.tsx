/** How far a run is, and how long it will take at its pace. */

import type { Experiment } from '../../api/experiments.ts';
import { formatPercent, formatSeconds } from '../../format/units.ts';
import { Progress, Status } from '../../ui/basics.tsx';
import ui from '../../ui/ui.module.css';

export function ExperimentProgress({ of }: { of: Experiment }) {
  const { status, progress, remainingSeconds } = of;
  if (status === 'queued') return <Status of="queued" />;
  return (
    <div>
      <Progress value={progress} label="Progress of the run" />
      <span className={ui.hint}>
        {formatPercent(progress)}
        {remainingSeconds !== null && `, ${formatSeconds(remainingSeconds)} left`}
      </span>
    </div>
  );
}
