/** An image from a file, with the progress of its upload. */

import { type FormEvent, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useSession } from '../../api/session.tsx';
import { uploadImage } from '../../api/transfers.ts';
import { useAction } from '../../api/use-action.ts';
import { formatBytes, formatPercent } from '../../format/units.ts';
import { Button, ProblemNotice, Progress } from '../../ui/basics.tsx';
import { Dialog } from '../../ui/dialogs.tsx';
import { SelectField, TextField } from '../../ui/field.tsx';
import ui from '../../ui/ui.module.css';

export function ImportImageDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Import an image"
      about="A qcow2 file, checked as it comes in, or the bytes of a plain disk."
    >
      <ImportForm onClose={onClose} />
    </Dialog>
  );
}

function ImportForm({ onClose }: { onClose: () => void }) {
  const { key } = useSession();
  const [, goTo] = useLocation();
  const [file, setFile] = useState<File>();
  const [name, setName] = useState('');
  const [format, setFormat] = useState<'qcow2' | 'raw'>('qcow2');
  const [sent, setSent] = useState(0);
  const stop = useRef(new AbortController());
  const upload = useAction({
    run: (chosen: File) => {
      stop.current = new AbortController();
      const { signal } = stop.current;
      return uploadImage({ key, file: chosen, name, format, onProgress: setSent, signal });
    },
    changes: ['image'],
    said: () => `Image ${name} is imported`,
    onDone: ({ id }) => {
      onClose();
      goTo(`/images/${id}`);
    },
    ownProblems: true,
  });
  const choose = (chosen: File | undefined) => {
    setFile(chosen);
    if (!chosen) return;
    if (name === '') setName(chosen.name.replace(/\.\w+$/, '').replace(/[^\w.-]/g, '-'));
    setFormat(/\.(qcow2|qcow)$/i.test(chosen.name) ? 'qcow2' : 'raw');
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file) upload.mutate(file);
  };
  return (
    <form className={ui.stack} onSubmit={submit}>
      <label className={ui.field}>
        <span className={ui.fieldLabel}>File</span>
        <input
          type="file"
          className={ui.input}
          onChange={({ target }) => choose(target.files?.[0])}
        />
        <span className={ui.hint}>{file ? formatBytes(file.size) : 'nothing chosen yet'}</span>
      </label>
      <div className={ui.grid}>
        <TextField label="Name" value={name} onText={setName} />
        <SelectField
          label="Format"
          hint="never guessed from the bytes"
          value={format}
          options={[
            ['qcow2', 'qcow2'],
            ['raw', 'raw'],
          ]}
          onText={(value) => setFormat(value as typeof format)}
        />
      </div>
      {upload.isPending && (
        <div>
          <Progress value={sent} label="Uploaded" />
          <span className={ui.hint}>
            {sent < 1 ? `${formatPercent(sent)} sent` : 'sent; being checked'}
          </span>
        </div>
      )}
      {upload.error && <ProblemNotice error={upload.error} />}
      <div className={ui.dialogEnd}>
        <Button onClick={upload.isPending ? () => stop.current.abort() : onClose}>
          {upload.isPending ? 'Stop' : 'Cancel'}
        </Button>
        <Button type="submit" look="primary" disabled={!file || name === '' || upload.isPending}>
          Import
        </Button>
      </div>
    </form>
  );
}
