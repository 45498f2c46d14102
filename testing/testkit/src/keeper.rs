//! The thread that starts servers.
//!
//! A server uses `setpriv --pdeathsig` to end with its parent. For the kernel, the parent is the *thread* that started the
//! server. Test threads end early, so one thread that lives as long as the process starts all servers.

use std::{
    io,
    process::{Child, Command},
    sync::{
        LazyLock,
        mpsc::{Sender, channel},
    },
    thread,
};

type Request = (Command, Sender<io::Result<Child>>);

static KEEPER: LazyLock<Sender<Request>> = LazyLock::new(|| {
    let (sender, requests) = channel::<Request>();
    thread::Builder::new()
        .name("server keeper".to_owned())
        .spawn(move || {
            for (mut command, reply) in requests {
                // If the test was aborted, nobody receives the child, so it is killed.
                if let Err(unwanted) = reply.send(command.spawn())
                    && let Ok(mut child) = unwanted.0
                {
                    let _ = child.kill();
                }
            }
        })
        .expect("a test process can start one more thread");
    sender
});

/// Starts `command` so that it can outlive this thread, but not this process.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (reply, answer) = channel();
    KEEPER
        .send((command, reply))
        .map_err(|_| io::Error::other("the thread that starts servers has ended"))?;
    answer
        .recv()
        .map_err(|_| io::Error::other("the thread that starts servers has ended"))?
}
