// Routes, and the access check in front of them.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Redirect, Route, Router, Switch, useLocation, useSearch } from "wouter";
import { gate, mount } from "./api/client";
import { MeContext, meQuery, useEnter, useSessionTabs } from "./api/session";
import { pageAt, useVisiblePages } from "./pages";
import { Quiet } from "./parts/quiet";
import { ToastProvider } from "./parts/toasts";
import { LoginPage } from "./routes/login/login-page";
import { LoginLinkPage } from "./routes/login/link-page";
import { loginPath } from "./routes/login/reason";
import { SessionEnded } from "./routes/login/session-ended";
import { SetupPage } from "./routes/login/setup-page";
import { ErrorBoundary } from "./shell/error-boundary";
import { LiveProvider } from "./shell/live";
import { NotFound } from "./shell/not-found";
import { pageOf } from "./shell/page-of";
import { Shell } from "./shell/shell";
import { ServerAway } from "./shell/server-away";

const GuidesPage = lazy(async () => ({ default: (await import("./routes/guides/guides-page")).GuidesPage }));
const GuidePage = lazy(async () => ({ default: (await import("./routes/guides/guide-page")).GuidePage }));
const PartsPage = lazy(async () => ({ default: (await import("./routes/developers/parts-page")).PartsPage }));
const AccountPage = lazy(async () => ({ default: (await import("./routes/access/account-page")).AccountPage }));

export function App() {
  return (
    <ErrorBoundary>
      <Router base={mount}>
        <SessionTabs />
        <Switch>
          <Route path="/login/link" component={LoginLinkPage} />
          <Route path="/login" component={LoginPage} />
          <Route component={SignedIn} />
        </Switch>
      </Router>
    </ErrorBoundary>
  );
}

/** Handles logins and logouts in other tabs, on every page. */
function SessionTabs() {
  useSessionTabs();
  return null;
}

/** All pages behind the login. */
function SignedIn() {
  const { data: me, error, refetch } = useQuery(meQuery);
  useEnter(me);
  const [path] = useLocation();
  const search = useSearch();
  if (me === undefined) {
    return error ? <ServerAway error={error} onRetry={() => void refetch()} /> : <Quiet whole />;
  }
  if (me === null) {
    const wanted = search === "" ? path : `${path}?${search}`;
    return <Redirect to={loginPath(wanted, gate.farewell)} replace />;
  }
  return (
    <MeContext value={me}>
      <SessionEnded />
      {me.setup_required ? (
        <SetupPage />
      ) : (
        <LiveProvider>
          <ToastProvider>
            <Shell>
              <Suspense fallback={<Quiet />}>
                <Pages />
              </Suspense>
            </Shell>
          </ToastProvider>
        </LiveProvider>
      )}
    </MeContext>
  );
}

function Pages() {
  const pages = useVisiblePages();
  const [address] = useLocation();
  return (
    // A failed page is rendered again after the user has visited another page. URLs below a page belong to the same page.
    <ErrorBoundary key={pageAt(pages, address)?.path ?? pageOf(address)}>
      <Switch>
        {pages.map(({ path, Content }) => (
          <Route key={path} path={path === "/" ? "/" : `${path}/:kind?/:id?`} component={Content} />
        ))}
        <Route path="/guides" component={GuidesPage} />
        <Route path="/guides/:name" component={GuidePage} />
        <Route path="/account" component={AccountPage} />
        <Route path="/developers/parts/:kind?/:id?" component={PartsPage} />
        <Route component={NotFound} />
      </Switch>
    </ErrorBoundary>
  );
}
