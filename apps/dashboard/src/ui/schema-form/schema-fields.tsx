/** Fields of a JSON Schema, with its help: meaning, unit, range and default of each. */

import { SelectField, TextField } from '../field.tsx';
import ui from '../ui.module.css';
import {
  defaultText,
  errorOf,
  type Field,
  fieldsOf,
  isGroup,
  kindsOf,
  type Schema,
  type Typed,
} from './schema.ts';

interface SchemaFieldsProps {
  fields: readonly Field[];
  typed: Typed;
  onTyped: (path: string, text: string) => void;
}

export function SchemaFields({ fields, typed, onTyped }: SchemaFieldsProps) {
  const single = fields.filter((field) => !isGroup(field));
  const groups = fields.filter(isGroup);
  return (
    <div className={ui.stack}>
      {single.length > 0 && (
        <div className={ui.grid}>
          {single.map((field) => (
            <OneField key={field.path} field={field} typed={typed} onTyped={onTyped} />
          ))}
        </div>
      )}
      {groups.map(({ path, name, schema }) => (
        <details key={path}>
          <summary>{inWords(name)}</summary>
          <SchemaFields fields={fieldsOf(schema, path)} typed={typed} onTyped={onTyped} />
        </details>
      ))}
    </div>
  );
}

interface OneFieldProps extends Omit<SchemaFieldsProps, 'fields'> {
  field: Field;
}

function OneField({ field, typed, onTyped }: OneFieldProps) {
  const { path, name, schema, required } = field;
  if (schema.oneOf) return <Alternatives field={field} typed={typed} onTyped={onTyped} />;
  const text = typed[path] ?? '';
  const shared = { label: inWords(name), hint: hintOf(schema), value: text, required };
  const onText = (next: string) => onTyped(path, next);
  const choices = schema.type === 'boolean' ? ['true', 'false'] : schema.enum?.map(String);
  if (choices) {
    const named = choices.map((choice) => [choice, choiceName(choice)] as const);
    const options = [['', `default: ${choiceName(defaultText(schema))}`] as const, ...named];
    return <SelectField {...shared} options={options} onText={onText} />;
  }
  return (
    <TextField
      {...shared}
      placeholder={defaultText(schema)}
      error={errorOf(field, text)}
      onText={onText}
    />
  );
}

function Alternatives({ field: { path, name, schema }, typed, onTyped }: OneFieldProps) {
  const kinds = kindsOf(schema);
  const kind = typed[`${path}.kind`] ?? '';
  const chosen = kinds[kind];
  return (
    <>
      <SelectField
        label={inWords(name)}
        hint={schema.description}
        value={kind}
        options={[['', 'default'], ...Object.keys(kinds).map((one) => [one, one] as const)]}
        onText={(next) => onTyped(`${path}.kind`, next)}
      />
      {chosen &&
        fieldsOf(chosen, path).map((field) => (
          <OneField key={field.path} field={field} typed={typed} onTyped={onTyped} />
        ))}
    </>
  );
}

function hintOf({ description, unit }: Schema): string {
  return [description, unit && `in ${unit}`].filter(Boolean).join('; ');
}

function choiceName(choice: string): string {
  if (choice === 'true') return 'yes';
  return choice === 'false' ? 'no' : choice;
}

/** `queueDepth` as `Queue depth`. */
export function inWords(name: string): string {
  const words = name.replace(
    /([a-z])([A-Z])/g,
    (_, a: string, b: string) => `${a} ${b.toLowerCase()}`,
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}
