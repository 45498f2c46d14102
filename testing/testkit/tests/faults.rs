//! The faults of the proxy have the documented effects.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use outrigger_testkit::FaultProxy;

/// Returns a proxy, a client and the server's end of its connection.
fn connected() -> (FaultProxy, TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let proxy = FaultProxy::start(listener.local_addr().expect("the listener is bound"));
    let client = TcpStream::connect(proxy.address()).expect("the proxy listens");
    let (server, _) = listener.accept().expect("the proxy connects");
    (proxy, client, server)
}

fn read(mut from: &TcpStream) -> Result<u8, ErrorKind> {
    let mut byte = [0];
    match from.read(&mut byte) {
        Ok(0) => Err(ErrorKind::UnexpectedEof),
        Ok(_) => Ok(byte[0]),
        Err(error) => Err(error.kind()),
    }
}

#[test]
fn bytes_pass_in_both_directions() {
    let (_proxy, mut client, mut server) = connected();

    client.write_all(b"a").expect("the proxy reads");
    let there = read(&server);
    server.write_all(b"b").expect("the proxy reads");
    let back = read(&client);

    assert_eq!((there, back), (Ok(b'a'), Ok(b'b')));
}

#[test]
fn a_black_hole_holds_bytes_back_until_it_ends() {
    let (proxy, mut client, server) = connected();
    let short = Some(Duration::from_millis(50));
    server.set_read_timeout(short).expect("it is no zero");

    proxy.black_hole();
    client.write_all(b"a").expect("the system takes it");
    let during = read(&server);
    server.set_read_timeout(None).expect("there is none");
    proxy.pass();
    let after = read(&server);

    assert_eq!((during, after), (Err(ErrorKind::WouldBlock), Ok(b'a')));
}

#[test]
fn a_cut_connection_ends_on_both_sides() {
    let (proxy, mut client, mut server) = connected();
    client.write_all(b"a").expect("the proxy reads");
    assert_eq!(read(&server), Ok(b'a'));
    server.write_all(b"b").expect("the proxy reads");
    assert_eq!(read(&client), Ok(b'b'));

    proxy.cut();

    assert!(read(&client).is_err());
    assert!(read(&server).is_err());
}

#[test]
fn the_client_of_a_dropped_connection_is_not_notified() {
    let (proxy, mut client, server) = connected();
    client.write_all(b"a").expect("the proxy reads");
    assert_eq!(read(&server), Ok(b'a'));
    let short = Some(Duration::from_millis(50));
    client.set_read_timeout(short).expect("it is no zero");

    proxy.forget();
    let seen_by_server = read(&server);
    let sent = client.write_all(b"c");
    let seen_by_client = read(&client);

    assert_eq!(seen_by_server, Err(ErrorKind::UnexpectedEof));
    assert!(sent.is_ok());
    assert_eq!(seen_by_client, Err(ErrorKind::WouldBlock));
}
