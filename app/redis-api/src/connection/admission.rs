//! Authentication of a client, and the end of its connection when its token ends.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use outrigger_cache::Now;
use outrigger_resp::ReplyWriter;
use tracing::{debug, warn};

use super::{Connection, Ending};
use crate::{
    auth::{Refused, Verdict, authenticate, is_still_valid},
    commands,
    session::{Admission, Authentication, Then},
    timer::Waiting,
};

impl Connection {
    /// Checks credentials and writes the reply.
    pub(super) async fn authenticate(&mut self, authentication: Authentication) {
        let shared = &self.thread.shared;
        let peer = self.session.client().peer;
        let verdict = authenticate(
            &authentication.credentials,
            shared.config.password.as_ref(),
            &*shared.authenticator,
            peer,
        );
        let Some(verdict) = self.until_ended(verdict).await else {
            return;
        };
        let admission = match verdict {
            Verdict::Allowed => Admission::Open,
            Verdict::Granted(grant) => Admission::Granted(grant),
            Verdict::Refused(refused) => return self.refuse_entry(refused),
        };
        let now = shared.cache.now();
        shared.unauthenticated.remove(self.session.client());
        self.timer.note_grant(admission.grant(), now.millis());
        self.session.admit(admission);
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        match authentication.then {
            Then::Ok => reply.ok(),
            Then::Hello { protocol, name } => {
                commands::hello(&mut self.session, &mut reply, protocol, name);
            }
        }
        self.timer.wait(Waiting::Idle, now.millis());
    }

    fn refuse_entry(&mut self, refused: Refused) {
        let shared = &self.thread.shared;
        shared.metrics.authentication_failed();
        if let Some(skipped) = shared.refusal_log.admit(shared.clock.monotonic()) {
            let peer = self.session.client().peer;
            warn!(%peer, ?refused, skipped, "a client failed to authenticate to the Redis listener");
        }
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        reply.error(refused.error());
        if refused == Refused::Throttled {
            self.ending = Some(Ending::Linger);
        }
    }

    /// Returns whether the token of the connection must be checked before anything more is executed.
    #[inline]
    pub(super) fn must_check(&self, now: Now) -> bool {
        match &self.session.admission {
            Admission::Pending | Admission::Open => false,
            Admission::Granted(grant) => {
                grant.may_be_revoked()
                    || grant
                        .expires_at()
                        .is_some_and(|expires_at| expires_at <= now.unix_millis())
            }
        }
    }

    /// Checks the token of the connection, and closes the connection if the token has ended.
    pub(super) async fn check_grant(&mut self) {
        let Some(grant) = self.session.admission.grant() else {
            return;
        };
        let now = self.thread.shared.cache.now();
        let has_expired = grant
            .expires_at()
            .is_some_and(|expires_at| expires_at <= now.unix_millis());
        if has_expired {
            return self.end_revoked();
        }
        let Some(holds) = self.until_ended(is_still_valid(&*grant)).await else {
            return;
        };
        if holds {
            self.timer.note_grant(Some(grant), now.millis());
        } else {
            self.end_revoked();
        }
    }

    /// Closes the connection because its token has ended. Requests received since are not executed.
    #[cold]
    pub(super) fn end_revoked(&mut self) {
        debug!(peer = %self.session.client().peer, "the token of a connection has ended");
        self.thread.shared.metrics.revoked();
        self.session.admit(Admission::Pending);
        self.timer.note_grant(None, 0);
        self.input = Vec::new();
        let mut reply = ReplyWriter::new(&mut self.unsent, self.session.protocol);
        reply.error(
            "NOAUTH the token of this connection was revoked, has expired, or no longer allows the cache",
        );
        self.ending = Some(Ending::Linger);
    }

    /// Closes an idle connection because its token has ended. The client receives the reason unless earlier replies are still
    /// unread.
    #[cold]
    pub(super) fn end_revoked_while_idle(&mut self) {
        let is_unread = !self.unsent.is_empty();
        self.end_revoked();
        if is_unread {
            self.unsent.clear();
            self.ending = Some(Ending::Close);
        }
    }

    /// Awaits `work`. Returns `None` if the connection must close first.
    async fn until_ended<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.timer.poll_ended(context).is_some() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}
