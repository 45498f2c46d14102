// Which page an address shows, and who gets to see it.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Redirect, Route, Router, Switch, useLocation, useSearch } from "wouter";
import { mount } from "./api/client";
import { may } from "./api/scopes";
import { meQuery } from "./api/session";
import type { Me } from "./api/types";
import { Quiet } from "./parts/quiet";
import { LoginPage } from "./routes/login/login-page";
import { LoginLinkPage } from "./routes/login/link-page";
import { SetupPage } from "./routes/login/setup-page";
import { LiveProvider } from "./shell/live";
import { NotFound } from "./shell/not-found";
import { Shell } from "./shell/shell";
import { ServerAway } from "./shell/server-away";

const HomePage = lazy(async () => ({ default: (await import("./routes/home/home-page")).HomePage }));
const CachePage = lazy(async () => ({ default: (await import("./routes/cache/cache-page")).CachePage }));
const AccessPage = lazy(async () => ({ default: (await import("./routes/access/access-page")).AccessPage }));
const AccountPage = lazy(async () => ({ default: (await import("./routes/access/account-page")).AccountPage }));
const ConfigPage = lazy(async () => ({ default: (await import("./routes/config/config-page")).ConfigPage }));

export function App() {
  return (
    <Router base={mount}>
      <Switch>
        <Route path="/login/link" component={LoginLinkPage} />
        <Route path="/login" component={LoginPage} />
        <Route component={SignedIn} />
      </Switch>
    </Router>
  );
}

/** Everything behind the login. */
function SignedIn() {
  const { data: me, error, refetch } = useQuery(meQuery);
  const [path] = useLocation();
  const search = useSearch();
  if (me === undefined) {
    return error ? <ServerAway error={error} onRetry={() => void refetch()} /> : <Quiet whole />;
  }
  if (me === null) {
    const wanted = search === "" ? path : `${path}?${search}`;
    return <Redirect to={wanted === "/" ? "/login" : `/login?return=${encodeURIComponent(wanted)}`} replace />;
  }
  if (me.setup_required) {
    return <SetupPage />;
  }
  return (
    <LiveProvider>
      <Shell>
        <Suspense fallback={<Quiet />}>
          <Pages me={me} />
        </Suspense>
      </Shell>
    </LiveProvider>
  );
}

function Pages({ me }: { me: Me }) {
  return (
    <Switch>
      <Route path="/" component={HomePage} />
      <Route path="/cache" component={CachePage} />
      {may(me, "access:read") && <Route path="/access" component={AccessPage} />}
      <Route path="/account" component={AccountPage} />
      <Route path="/configuration" component={ConfigPage} />
      <Route component={NotFound} />
    </Switch>
  );
}
