/** Small parts that every page uses. */

import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { problemText } from '../api/errors.ts';
import css from './ui.module.css';

type Look = 'plain' | 'primary' | 'danger' | 'quiet';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
}

export function Button({ look = 'plain', small, className, ...rest }: ButtonProps) {
  return <button type="button" className={buttonClass(look, small, className)} {...rest} />;
}

/** For links that look like buttons, too. */
export function buttonClass(look: Look = 'plain', small = false, more = ''): string {
  const own = { plain: '', primary: css.primary, danger: css.danger, quiet: css.quiet }[look];
  return [css.button, own, small && css.small, more].filter(Boolean).join(' ');
}

interface CardProps {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Card({ title, actions, children }: CardProps) {
  return (
    <section className={css.card}>
      {(title || actions) && (
        <div className={css.cardHead}>
          <h2>{title}</h2>
          <div className={css.row}>{actions}</div>
        </div>
      )}
      {children}
    </section>
  );
}

interface PageProps {
  title: ReactNode;
  /** Under the title. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, about, actions, children }: PageProps) {
  return (
    <div className={css.stack}>
      <header className={css.spread}>
        <div>
          <h1>{title}</h1>
          {about && <div className={css.muted}>{about}</div>}
        </div>
        <div className={css.row}>{actions}</div>
      </header>
      {children}
    </div>
  );
}

const TONES: Readonly<Record<string, string | undefined>> = {
  ready: css.good,
  active: css.good,
  alive: css.good,
  succeeded: css.good,
  attached: css.good,
  degraded: css.bad,
  changing: css.busy,
  failed: css.bad,
  dead: css.bad,
  offline: css.bad,
  creating: css.busy,
  busy: css.busy,
  attaching: css.busy,
  detaching: css.busy,
  deleting: css.busy,
  provisioning: css.busy,
  running: css.busy,
};

/** A status in a word; its colour only underlines it. */
export function Status({ of }: { of: string }) {
  return <span className={`${css.badge} ${TONES[of] ?? ''}`}>{of}</span>;
}

export function Labels({ of }: { of: Readonly<Record<string, string>> }) {
  return (
    <span className={css.row}>
      {Object.entries(of).map(([key, value]) => (
        <span key={key} className={css.label}>
          {value === '' ? key : `${key}=${value}`}
        </span>
      ))}
    </span>
  );
}

export function Progress({ value, label }: { value: number; label: string }) {
  const percent = Math.round(value * 100);
  return (
    <div
      className={css.progress}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Facts({ of }: { of: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className={css.facts}>
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <div className={`${css.card} ${css.empty}`}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div className={css.card} role="status" aria-label={`Loading ${what}`}>
      <div className={css.skeleton} style={{ width: '40%' }} />
      <div className={css.skeleton} />
      <div className={css.skeleton} style={{ width: '75%' }} />
    </div>
  );
}

/** What the API refused, in sentences. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, sentences } = problemText(error);
  return (
    <div className={`${css.notice} ${css.noticeBad}`} role="alert">
      <strong>{title}</strong>
      {sentences.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {onRetry && (
        <Button small onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Warning({ children }: { children: ReactNode }) {
  return <div className={`${css.notice} ${css.noticeWarn}`}>{children}</div>;
}
