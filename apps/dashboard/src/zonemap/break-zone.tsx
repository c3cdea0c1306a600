/** Has a zone fail the way drives do, with the next write to it. */

import { resultOf } from '@zonelab/client';
import { useState } from 'react';
import { useClient } from '../api/session.tsx';
import { useAction } from '../api/use-action.ts';
import { Button } from '../ui/basics.tsx';
import { Confirm, type Question } from '../ui/dialogs.tsx';

type Break = 'read-only' | 'offline';

const ABOUT: Readonly<Record<Break, string>> = {
  'read-only': 'The next write to it fails, and it can only be read from then on.',
  offline: 'The next write to it fails, and it can neither be read nor written from then on.',
};

/** Adds a rule to the image's fault plan; the rules that are there stay. */
export function BreakZone({ imageId, index }: { imageId: string; index: number }) {
  const client = useClient();
  const [question, setQuestion] = useState<Question>();
  const fault = useAction({
    run: async (becomes: Break) => {
      const path = { id: imageId };
      const { plan } = await resultOf(client.GET('/v1/images/{id}/faults', { params: { path } }));
      const rule = { on: 'write', zone: index, fail: 'io_error', becomes, times: 1 } as const;
      const body = { ...plan, rules: [...(plan?.rules ?? []), rule] };
      return resultOf(client.PUT('/v1/images/{id}/faults', { params: { path }, body }));
    },
    changes: ['image'],
    said: (becomes) => `Zone ${index} becomes ${becomes} with the next write to it`,
  });
  const ask = (becomes: Break) =>
    setQuestion({
      title: `Break zone ${index}?`,
      about: ABOUT[becomes],
      action: `Make it ${becomes}`,
      danger: true,
      onConfirm: () => fault.mutate(becomes),
    });
  return (
    <>
      {(['read-only', 'offline'] as const).map((becomes) => (
        <Button
          key={becomes}
          small
          look="danger"
          disabled={fault.isPending}
          onClick={() => ask(becomes)}
        >
          Break: {becomes}
        </Button>
      ))}
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </>
  );
}
