/** Entry of the bundle for `img info` alone. */
import { addInfo } from './info-program.ts';
import { runAlone } from './run-alone.ts';

runAlone(addInfo);
