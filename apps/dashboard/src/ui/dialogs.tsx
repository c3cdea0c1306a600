/** Dialogs: focus stays inside, Escape closes, and it returns to what opened them. */

import { AlertDialog } from '@base-ui/react/alert-dialog';
import { Dialog as BaseDialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { Button } from './basics.tsx';
import css from './ui.module.css';

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  about?: ReactNode;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, about, children }: DialogProps) {
  return (
    <BaseDialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className={css.backdrop} />
        <BaseDialog.Popup className={css.dialog}>
          <BaseDialog.Title>{title}</BaseDialog.Title>
          <BaseDialog.Description render={<div />} className={css.dialogText}>
            {about}
          </BaseDialog.Description>
          {children}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

export interface Question {
  readonly title: string;
  readonly about: ReactNode;
  /** What the button says that goes on. */
  readonly action: string;
  readonly danger?: boolean;
  readonly onConfirm: () => void;
}

/** Asks before something is done that cannot be undone, or that clients notice. */
export function Confirm({ of, onClose }: { of: Question | undefined; onClose: () => void }) {
  return (
    <AlertDialog.Root open={of !== undefined} onOpenChange={(next) => !next && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={css.backdrop} />
        <AlertDialog.Popup className={css.dialog}>
          <AlertDialog.Title>{of?.title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />} className={css.dialogText}>
            {of?.about}
          </AlertDialog.Description>
          <div className={css.dialogEnd}>
            <AlertDialog.Close className={css.button}>Cancel</AlertDialog.Close>
            <Button
              look={of?.danger ? 'danger' : 'primary'}
              onClick={() => {
                of?.onConfirm();
                onClose();
              }}
            >
              {of?.action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
