/** Entry of the bundle for `img check` alone. */
import { addCheck } from './check-program.ts';
import { runAlone } from './run-alone.ts';

runAlone(addCheck);
