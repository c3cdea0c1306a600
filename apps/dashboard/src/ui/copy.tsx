/** Text that is there to be pasted elsewhere. */

import { useState } from 'react';
import { Button } from './basics.tsx';
import css from './ui.module.css';

const SAID_MS = 1_500;

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [said, setSaid] = useState<string>();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select and copy by hand'); // not over plain HTTP from another host
    }
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <Button small onClick={copy}>
      <span aria-live="polite">{said ?? label}</span>
    </Button>
  );
}

export function CodeBlock({ text, label }: { text: string; label: string }) {
  return (
    <div>
      <div className={css.cardHead}>
        <h3>{label}</h3>
        <CopyButton text={text} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className={css.code} tabIndex={0}>
        {text}
      </pre>
    </div>
  );
}
