// The navigation: the pages in groups, the server's state, and the account menu. On a phone it is a drawer below a bar.
import { Menu, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { useOpenProblems } from "../api/problems";
import { useLogOut, useMe } from "../api/session";
import { AccountIcon, CrossIcon, HelpIcon, KeyboardIcon, LeaveIcon, MenuIcon, MoonIcon, MoreIcon, PlugIcon, SunIcon, SystemIcon } from "../parts/icons";
import { GROUPS, pageAt, useVisiblePages, type Page } from "../pages";
import { Mark } from "../parts/mark";
import classes from "./navigation.module.css";
import { useServerState } from "./server-state";

interface NavigationProps {
  onHelp: () => void;
  onConnect: () => void;
}

export function Navigation({ onHelp, onConnect }: NavigationProps) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <header className={classes.hull}>
      <div className={classes.bar}>
        <Link href="/" className={classes.brand} onClick={close}>
          <Mark />
          <span className={classes.label}>Outrigger</span>
        </Link>
        <StateDot />
        <button type="button" className={classes.burger} aria-expanded={open} aria-controls="navigation" onClick={() => setOpen(!open)}>
          {open ? <CrossIcon /> : <MenuIcon />}
          Menu
        </button>
      </div>
      <div id="navigation" className={classes.drawer} data-open={open}>
        <nav aria-label="Pages" onClick={close}>
          <Groups />
        </nav>
        <div className={classes.foot}>
          <button
            type="button"
            className={`${classes.item} ${classes.phoneOnly}`}
            onClick={() => {
              close();
              onConnect();
            }}
          >
            <PlugIcon />
            Connect an application
          </button>
          <Link href="/guides" className={classes.item} title="Guides" onClick={close}>
            <HelpIcon />
            <span className={classes.label}>Guides</span>
          </Link>
          <AccountMenu onHelp={onHelp} onLeave={close} />
        </div>
      </div>
    </header>
  );
}

/** The server's state as a shape, a colour and a word. */
function StateDot() {
  const { mark, word } = useServerState();
  return (
    <span className={classes.dot} data-mark={mark} title={word}>
      <span className={classes.label}>{word}</span>
    </span>
  );
}

function Groups() {
  const [address] = useLocation();
  const pages = useVisiblePages();
  const here = pageAt(pages, address);
  return (
    <>
      {GROUPS.map((group) => {
        const members = pages.filter((page) => page.group === group);
        return (
          members.length > 0 && (
            <section key={group} className={classes.group} aria-label={group}>
              <h2 className={classes.label}>{group}</h2>
              <ul>
                {members.map((page) => (
                  <li key={page.path}>
                    <PageLink page={page} here={page === here} />
                  </li>
                ))}
              </ul>
            </section>
          )
        );
      })}
    </>
  );
}

function PageLink({ page, here }: { page: Page; here: boolean }) {
  const open = useOpenProblems();
  const problems = page.path === "/problems" ? open.length : open.filter(({ capability }) => page.capabilities?.includes(capability)).length;
  const { path, name, Icon } = page;
  return (
    <Link href={path} className={classes.item} title={name} aria-current={here ? "page" : undefined}>
      <Icon />
      <span className={classes.label}>{name}</span>
      {problems > 0 && (
        <span className={classes.count}>
          {problems}
          <span className="visually-hidden"> open {problems === 1 ? "problem" : "problems"}</span>
        </span>
      )}
    </Link>
  );
}

const SCHEMES: { value: MantineColorScheme; name: string; Icon: () => React.ReactNode }[] = [
  { value: "light", name: "Light", Icon: SunIcon },
  { value: "dark", name: "Dark", Icon: MoonIcon },
  { value: "auto", name: "System", Icon: SystemIcon },
];

function AccountMenu({ onHelp, onLeave }: { onHelp: () => void; onLeave: () => void }) {
  const me = useMe();
  const logOut = useLogOut();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="top-start" width={220} shadow="md" withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.item} title="Account menu">
          <AccountIcon />
          <span className={`${classes.name} ${classes.label}`}>
            {me.account?.name ?? "Your account"}
            <span>{me.account?.role ?? me.via}</span>
          </span>
          <MoreIcon />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} href="/account" leftSection={<AccountIcon />} onClick={onLeave}>
          Your account
        </Menu.Item>
        <Menu.Item leftSection={<KeyboardIcon />} onClick={onHelp}>
          Keyboard shortcuts
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Appearance</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
          {SCHEMES.map(({ value, name, Icon }) => (
            <Menu.RadioItem key={value} value={value} rightSection={<Icon />}>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<LeaveIcon />} onClick={() => void logOut()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
