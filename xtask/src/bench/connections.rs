//! A process that holds connections open. It is separate from the benchmark because client and server together would need more
//! open files than one process may have.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, ensure};

use crate::process;

/// Opens connections, checks that each is served, prints `ready`, and holds them until standard input ends.
pub(crate) fn hold(address: SocketAddr, count: usize) -> anyhow::Result<()> {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        let mut stream = TcpStream::connect(address)
            .with_context(|| format!("connection {number} was not accepted"))?;
        stream.write_all(b"*1\r\n$4\r\nPING\r\n")?;
        let mut pong = [0; 7];
        stream
            .read_exact(&mut pong)
            .with_context(|| format!("connection {number} was not served"))?;
        ensure!(
            &pong == b"+PONG\r\n",
            "connection {number} received an unexpected reply"
        );
        connections.push(stream);
    }
    println!("ready");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Connections held by another process, until dropped.
#[derive(Debug)]
pub(super) struct HeldConnections(Child);

impl HeldConnections {
    /// Returns after all connections are open and served.
    pub(super) fn open(address: SocketAddr, count: usize) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.display().to_string();
        let limit = format!("--nofile={0}:{0}", count + 1000);
        let mut words = Vec::new();
        if process::is_installed("prlimit", &[&limit, "true"]) {
            words.extend(["prlimit".to_owned(), limit]);
        }
        words.extend([
            program,
            "hold-connections".to_owned(),
            address.to_string(),
            count.to_string(),
        ]);
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("its output is piped")?;
        let held = Self(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(
            line.trim() == "ready",
            "{count} connections could not be opened"
        );
        Ok(held)
    }
}

impl Drop for HeldConnections {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
