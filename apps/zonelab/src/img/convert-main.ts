/** Entry of the bundle for `img convert` alone. */
import { addConvert } from './convert-program.ts';
import { runAlone } from './run-alone.ts';

runAlone(addConvert);
