import { initialsOf, toneOf } from './initials';
import classes from './Initials.module.css';

const tones = [classes.tone0, classes.tone1, classes.tone2, classes.tone3, classes.tone4];

/** A person's initials on a colour of their own. Decoration: the name stands beside it. */
export function Initials({ id, name, large = false }: { id: string; name: string; large?: boolean }) {
  const tone = tones[toneOf(id, tones.length)] ?? '';
  return (
    <span aria-hidden="true" className={`${classes.initials} ${tone} ${large ? classes.large : ''}`}>
      {initialsOf(name)}
    </span>
  );
}

export function InitialsStack({ people }: { people: readonly { id: string; name: string }[] }) {
  return (
    <span className={classes.stack}>
      {people.slice(0, 4).map((p) => (
        <Initials key={p.id} id={p.id} name={p.name} />
      ))}
    </span>
  );
}
