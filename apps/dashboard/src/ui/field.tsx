/** Form fields with a label, a hint and what is wrong with them, tied together for readers of screens. */

import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from 'react';
import { useId } from 'react';
import css from './ui.module.css';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

interface Ties {
  id: string;
  'aria-describedby': string;
  'aria-invalid': boolean;
  className: string | undefined;
}

function Field({
  label,
  hint,
  error,
  children,
}: FieldProps & { children: (ties: Ties) => ReactNode }) {
  const id = useId();
  const ties = {
    id,
    'aria-describedby': `${id}-hint`,
    'aria-invalid': error !== undefined,
    className: css.input,
  };
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children(ties)}
      <span id={`${id}-hint`} className={error === undefined ? css.hint : css.fieldError}>
        {error ?? hint}
      </span>
    </div>
  );
}

type TextProps = FieldProps &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'className'> & {
    onText: (text: string) => void;
  };

export function TextField({ label, hint, error, onText, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => <input {...rest} {...ties} onChange={(event) => onText(event.target.value)} />}
    </Field>
  );
}

type SelectProps = FieldProps &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange' | 'className'> & {
    options: readonly (readonly [value: string, text: string])[];
    onText: (value: string) => void;
  };

export function SelectField({ label, hint, error, options, onText, ...rest }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => (
        <select {...rest} {...ties} onChange={(event) => onText(event.target.value)}>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type AreaProps = FieldProps & {
  value: string;
  rows?: number;
  onText: (text: string) => void;
};

export function AreaField({ label, hint, error, value, rows = 8, onText }: AreaProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ties) => (
        <textarea
          {...ties}
          rows={rows}
          value={value}
          spellCheck={false}
          onChange={(event) => onText(event.target.value)}
        />
      )}
    </Field>
  );
}
