// Your own account: profile, password, sessions and tokens. Every role has this page.
import { useMe } from "../../api/session";
import { PageHead } from "../../parts/page-head";
import { Panel } from "../../parts/panel";
import { When } from "../../parts/when";
import classes from "./account.module.css";
import { OwnPassword, OwnProfile } from "./own-profile";
import { OwnSessions } from "./own-sessions";
import { OwnTokens } from "./own-tokens";
import { ROLE_WORDS } from "./roles";

export function AccountPage() {
  const me = useMe();
  return (
    <>
      <PageHead
        title="Your account"
        guide="access"
        lead={
          me.account && (
            <>
              Role: {me.account.role}. {ROLE_WORDS[me.account.role]} This session expires <When at={me.expires_at} />.
            </>
          )
        }
      />
      <div className={classes.halves}>
        <Panel title="Profile">
          <OwnProfile />
        </Panel>
        <Panel title="Password">
          <OwnPassword />
        </Panel>
      </div>
      <OwnSessions />
      <OwnTokens />
    </>
  );
}
