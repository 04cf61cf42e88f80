//! What an agent tells over its control door while it happens.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::process::Home;

pub struct Events(BufReader<TcpStream>);

impl Events {
    /// From now on.
    pub fn of(home: &Home) -> Self {
        let mut stream = home.door();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        let bearer = home.token();
        write!(stream, "GET /v1/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {bearer}\r\n\r\n", home.control())
            .unwrap();
        let mut events = Self(BufReader::new(stream));
        assert!(events.line().contains(" 200 "));
        while !events.line().is_empty() {}
        events
    }

    /// The data of the next one with this name; those before it are passed over.
    pub fn next_of(&mut self, name: &str) -> Value {
        let wanted = format!("event: {name}");
        while self.line() != wanted {}
        loop {
            if let Some(data) = self.line().strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.0.read_line(&mut line).expect("an event in time") > 0, "the agent has gone");
        line.trim_end().to_owned()
    }
}
