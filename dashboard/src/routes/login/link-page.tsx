// Where a one-time link leads. The code stands in the fragment, which browsers keep to themselves, so no log on the way has it.
// It is redeemed by a button rather than by the page being opened: mail scanners and link previews open pages too.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { answer, api } from "../../api/client";
import { welcome } from "../../api/session";
import { ApiError } from "../../api/problem";
import { TroubleNote } from "../../parts/trouble";
import { Gate } from "./gate";
import classes from "./gate.module.css";

export function LoginLinkPage() {
  // Read once: after redeeming, the code is taken out of the address and of the browser's history.
  const [code] = useState(() => window.location.hash.slice(1));
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const redeem = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/access/login-link", { body: { code } })),
    onSuccess: (who) => {
      welcome(queries, who);
      navigate("/", { replace: true });
    },
  });

  // Refused once, refused for good: a link works once and for a while.
  const refused = redeem.error instanceof ApiError && redeem.error.status === 401;
  if (code === "") {
    return (
      <Gate title="This link is not complete" lead="The part after the # is missing. Copy the whole line that Outrigger printed.">
        <p className={classes.hint}>
          A new link: <code>outrigger admin link</code>. <Link href="/login">Log in with a password</Link>
        </p>
      </Gate>
    );
  }
  return (
    <Gate
      title={refused ? "This link leads nowhere" : "Welcome aboard"}
      lead={refused ? undefined : "This link signs you in once, on this browser."}
    >
      <div className={classes.form}>
        {redeem.error && <TroubleNote error={redeem.error} />}
        {!refused && (
          <Button onClick={() => redeem.mutate()} loading={redeem.isPending} fullWidth autoFocus>
            Log in
          </Button>
        )}
      </div>
      {redeem.error && (
        <p className={classes.hint}>
          <Link href="/login">Log in with a password</Link>
        </p>
      )}
    </Gate>
  );
}
