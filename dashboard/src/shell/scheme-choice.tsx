// Light, dark, or what the system says.
import { useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { MoonIcon, SunIcon, SystemIcon } from "../parts/icons";
import classes from "./scheme-choice.module.css";

const SCHEMES: { value: MantineColorScheme; name: string; Icon: () => React.ReactNode }[] = [
  { value: "light", name: "Light", Icon: SunIcon },
  { value: "dark", name: "Dark", Icon: MoonIcon },
  { value: "auto", name: "System", Icon: SystemIcon },
];

export function SchemeChoice() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <fieldset className={classes.schemes}>
      <legend className="visually-hidden">Colours</legend>
      {SCHEMES.map(({ value, name, Icon }) => (
        <label key={value} className={classes.scheme} title={name}>
          <input type="radio" name="scheme" checked={colorScheme === value} onChange={() => setColorScheme(value)} />
          <span>
            <Icon />
            <span className="visually-hidden">{name}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
