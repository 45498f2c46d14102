// The dialog that changes the role of an account. It describes each role; the button makes the change.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import type { Account, Role } from "../../api/types";
import { Actions } from "../../parts/actions";
import { Dialog } from "../../parts/dialog";
import { TroubleNote } from "../../parts/trouble";
import classes from "./access.module.css";
import { ROLES, ROLE_WORDS } from "./roles";

interface RoleDialogProps {
  account: Account | null;
  onClose: () => void;
  onChange: (account: Account, role: Role) => Promise<void>;
}

export function RoleDialog({ account, onClose, onChange }: RoleDialogProps) {
  const last = useRef(account);
  last.current = account ?? last.current;
  const shown = last.current;
  return (
    <Dialog opened={account !== null} onClose={onClose} title={shown === null ? "" : `Role of ${shown.email ?? shown.name}`}>
      {shown !== null && <RoleForm key={shown.id} account={shown} onClose={onClose} onChange={onChange} />}
    </Dialog>
  );
}

function RoleForm({ account, onClose, onChange }: RoleDialogProps & { account: Account }) {
  const [role, setRole] = useState<Role>(account.role);
  const change = useMutation({ mutationFn: () => onChange(account, role), onSuccess: onClose });
  const same = role === account.role;

  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (!same) {
      change.mutate();
    }
  }

  return (
    <form className={classes.form} onSubmit={onSubmit}>
      <RolePicker role={role} current={account.role} onChange={setRole} />
      {change.error && <TroubleNote error={change.error} />}
      <Actions>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={change.isPending} disabled={same}>
          {same ? "Change role" : `Change to ${role}`}
        </Button>
      </Actions>
    </form>
  );
}

/** Radio buttons for the roles, with a description of each. */
export function RolePicker({ role, current, onChange }: { role: Role; current?: Role; onChange: (role: Role) => void }) {
  return (
    <fieldset className={classes.roles}>
      <legend>Role</legend>
      {ROLES.map(({ value, label }) => (
        <label key={value} className={classes.role}>
          <input
            type="radio"
            name="role"
            value={value}
            checked={role === value}
            onChange={() => onChange(value)}
            data-autofocus={(current !== undefined && role === value) || undefined}
          />
          <span>
            <strong>{label}</strong>
            {value === current && <em> current role</em>}
            <span>{ROLE_WORDS[value]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
