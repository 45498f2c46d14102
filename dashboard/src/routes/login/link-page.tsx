// The page of a one-time login link. The code is in the URL fragment, which browsers do not send, so it appears in no access log. A
// button redeems the code, because mail scanners and link previews also open the page.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { answer, api } from "../../api/client";
import { handleLogin } from "../../api/session";
import { ApiError } from "../../api/problem";
import { TroubleNote } from "../../parts/trouble";
import { Gate } from "./gate";
import classes from "./gate.module.css";

export function LoginLinkPage() {
  // Read once: after redeeming, the code is removed from the URL and from the browser history.
  const [code] = useState(() => window.location.hash.slice(1));
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const redeem = useMutation({
    mutationFn: () => answer(api.POST("/api/v1/access/login-link", { body: { code } })),
    onSuccess: (who) => {
      handleLogin(queries, who);
      navigate("/", { replace: true });
    },
  });

  // A link that the server has refused stays invalid.
  const refused = redeem.error instanceof ApiError && redeem.error.status === 401;
  if (code === "") {
    return (
      <Gate title="This link is incomplete" lead="The part after the # is missing. Copy the whole link and open it again.">
        <NewLink />
      </Gate>
    );
  }
  if (refused) {
    return (
      <Gate title="This link no longer works" lead="A login link works once and for a limited time.">
        <NewLink />
      </Gate>
    );
  }
  return (
    <Gate title="Welcome to Outrigger" lead="This link logs you in once, in this browser.">
      <div className={classes.form}>
        {redeem.error && <TroubleNote error={redeem.error} />}
        <Button onClick={() => redeem.mutate()} loading={redeem.isPending} fullWidth autoFocus>
          Log in
        </Button>
      </div>
    </Gate>
  );
}

/** How to get a new link, for invited users and for the operator of the server. */
function NewLink() {
  return (
    <div className={classes.hints}>
      <p>Ask the person who sent you the link for a new one.</p>
      <p>
        If you run this server, <code>outrigger admin link</code> prints one for the owner account.
      </p>
      <p>
        <Link href="/login">Log in with a password</Link>
      </p>
    </div>
  );
}
