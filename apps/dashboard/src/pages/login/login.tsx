/** The door: an API key, kept for this tab's session only. */

import { type FormEvent, useState } from 'react';
import { useSessionState } from '../../api/session.tsx';
import { Button, ProblemNotice } from '../../ui/basics.tsx';
import { TextField } from '../../ui/field.tsx';
import ui from '../../ui/ui.module.css';
import css from './login.module.css';

export function Login() {
  const { begin, ended } = useSessionState();
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const [asking, setAsking] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
    try {
      await begin(key.trim());
    } catch (error) {
      setProblem(error);
      setAsking(false);
    }
  };
  return (
    <main className={css.door}>
      <form className={`${ui.card} ${ui.stack} ${css.form}`} onSubmit={submit}>
        <header className={css.head}>
          <img src="./icon.svg" alt="" width={40} height={40} />
          <div>
            <h1>zonelab</h1>
            <p className={ui.muted}>A lab for zoned storage</p>
          </div>
        </header>
        {ended && !problem && <p role="status">{ended}</p>}
        <TextField
          label="API key"
          hint="zl_… as `zonelab up` and `zonelab status` print it. It is kept for this tab's session only."
          type="password"
          autoComplete="off"
          required
          value={key}
          onText={setKey}
        />
        {problem !== undefined && <ProblemNotice error={problem} />}
        <Button type="submit" look="primary" disabled={asking || key.trim() === ''}>
          {asking ? 'Asking…' : 'Log in'}
        </Button>
      </form>
    </main>
  );
}
