/** What can be done to an image as a whole. */

import { type components, resultOf } from '@zonelab/client';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useCreateExport } from '../../api/exports.ts';
import { useClient } from '../../api/session.tsx';
import { useAction } from '../../api/use-action.ts';
import { Button } from '../../ui/basics.tsx';
import { Confirm, type Question } from '../../ui/dialogs.tsx';
import { DownloadButton } from '../../ui/download-button.tsx';

type Image = components['schemas']['Image'];

export function ImageActions({ image }: { image: Image }) {
  const { id, name, status } = image;
  const create = useCreateExport();
  const ready = status === 'ready';
  return (
    <>
      {ready && (
        <DownloadButton path={`/v1/images/${id}/content`} fileName={`${name}.qcow2`}>
          Download qcow2
        </DownloadButton>
      )}
      <DeleteImage image={image} />
      <Button
        look="primary"
        disabled={!ready || create.isPending}
        onClick={() => create.mutate(id)}
      >
        {create.isPending ? 'Exporting…' : 'Export'}
      </Button>
    </>
  );
}

function DeleteImage({ image: { id, name } }: { image: Image }) {
  const client = useClient();
  const [, goTo] = useLocation();
  const [question, setQuestion] = useState<Question>();
  const remove = useAction({
    run: () => resultOf(client.DELETE('/v1/images/{id}', { params: { path: { id } } })),
    changes: [],
    said: () => `Image ${name} is deleted`,
    onDone: () => goTo('/images'),
  });
  const ask = () =>
    setQuestion({
      title: `Delete ${name}?`,
      about: 'The file goes with its data and its snapshots. This cannot be undone.',
      action: 'Delete image',
      danger: true,
      onConfirm: () => remove.mutate(undefined),
    });
  return (
    <>
      <Button look="danger" small disabled={remove.isPending} onClick={ask}>
        Delete
      </Button>
      <Confirm of={question} onClose={() => setQuestion(undefined)} />
    </>
  );
}
