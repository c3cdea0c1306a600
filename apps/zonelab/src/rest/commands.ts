/** What the commands of all resources have in common. */
import type { ApiClient } from '@zonelab/client';
import { type Command, Option } from 'commander';
import { type CliContext, outputOption } from '../context.ts';
import { defaultHome } from '../lab/program.ts';
import { jsonText, type OutputForm, tableText } from '../output.ts';
import { connect } from './connect.ts';
import { type Resource, readAll, type ShownResource } from './resources.ts';

/** What deleting does, where it is more than that. */
const DELETIONS: Readonly<Record<string, string>> = {
  experiment: 'delete it, or cancel it while it runs',
  fleet: 'take all of its disks away, and then itself',
  key: 'revoke one key; it stays in the list',
  sweep: 'cancel all of its experiments that have not ended',
};

export interface OutputFlags {
  readonly output: OutputForm;
}

/** `list` and `delete`, which every resource has, and `show`. */
export function addResource<T>(
  program: Command,
  context: CliContext,
  view: Resource<T> | ShownResource<T>,
): Command {
  const { name } = view;
  const group = program.command(name).description(`the ${name}s of a lab, over REST`);
  group
    .command('list')
    .description(`list the ${name}s`)
    .addOption(outputOption())
    .action(async ({ output }: OutputFlags) => {
      print(context, view, await readAll(await api(), view), output);
    });
  if ('get' in view) addShow(group, context, view);
  group
    .command('delete')
    .description(DELETIONS[name] ?? `delete one ${name}`)
    .argument('<id>')
    .action(async (id: string) => {
      await view.remove(await api(), id);
    });
  return group;
}

function addShow<T>(group: Command, context: CliContext, view: ShownResource<T>): void {
  group
    .command('show')
    .description(`show one ${view.name}`)
    .argument('<id>')
    .addOption(outputOption())
    .action(async (id: string, { output }: OutputFlags) => {
      printOne(context, view, await view.get(await api(), id), output);
    });
}

export function addCreate<T>(group: Command, { name }: Resource<T>): Command {
  return group.command('create').description(`make one ${name}`).addOption(outputOption());
}

/** The API has the default, which is the first of the values. */
export function choice(flags: string, what: string, values: readonly string[]): Option {
  return new Option(flags, `${what}; ${values[0]} if left out`).choices(values);
}

export function api(): Promise<ApiClient> {
  return connect(defaultHome(), process.env);
}

export function print<T>(
  { out }: CliContext,
  view: Resource<T>,
  items: readonly T[],
  output: OutputForm,
): void {
  if (output === 'json') out.write(jsonText(items));
  else
    out.write(
      tableText(
        view.heading,
        items.map((item) => view.row(item)),
      ),
    );
}

export function printOne<T>(
  context: CliContext,
  view: Resource<T>,
  item: T,
  output: OutputForm,
): void {
  if (output === 'json') context.out.write(jsonText(item));
  else print(context, view, [item], output);
}
