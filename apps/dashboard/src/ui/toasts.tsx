/** Short messages about what was done, or refused. */

import { Toast } from '@base-ui/react/toast';
import { problemText } from '../api/errors.ts';
import css from './ui.module.css';

const manager = Toast.createToastManager();

export function say(title: string, description?: string): void {
  manager.add({ title, description });
}

/** Shows a problem in sentences, for long enough to read it. */
export function sayProblem(error: unknown): void {
  const { title, sentences } = problemText(error);
  manager.add({ title, description: sentences.join(' '), type: 'error', timeout: 12_000 });
}

export function Toasts() {
  return (
    <Toast.Provider toastManager={manager}>
      <Toast.Portal>
        <Toast.Viewport className={css.toasts}>
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={css.toast}>
      <div>
        <Toast.Title className={css.toastTitle} />
        <Toast.Description className={css.toastText} />
      </div>
      <Toast.Close className={`${css.button} ${css.quiet} ${css.small}`} aria-label="Dismiss">
        ✕
      </Toast.Close>
    </Toast.Root>
  ));
}
