/** Saves what a path of the API answers as a file. */

import { useSession } from '../api/session.tsx';
import { download } from '../api/transfers.ts';
import { useAction } from '../api/use-action.ts';
import { Button } from './basics.tsx';

interface DownloadButtonProps {
  path: string;
  fileName: string;
  children: string;
}

export function DownloadButton({ path, fileName, children }: DownloadButtonProps) {
  const { key } = useSession();
  const save = useAction({ run: () => download(key, path, fileName), changes: [] });
  return (
    <Button small disabled={save.isPending} onClick={() => save.mutate(undefined)}>
      {save.isPending ? 'Reading…' : children}
    </Button>
  );
}
