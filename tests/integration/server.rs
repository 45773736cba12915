//! A web server of the test's own, on a loopback port: it keeps what it is sent, and answers as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Such as `POST /path HTTP/1.1`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
}

/// What is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A status with these headers, and a short body.
    Status(u16, Vec<(&'static str, String)>),
    /// Nothing, for as long as the client waits.
    Nothing,
    /// The connection is closed.
    Close,
    /// 200, and a body that never ends.
    Endless,
}

/// A status without more.
pub(crate) fn status(code: u16) -> Reply {
    Reply::Status(code, Vec::new())
}

/// The server. It ends with the process.
pub(crate) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` is asked with the number of the request, from 0.
    pub(crate) fn start(answer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, answer) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || serve(stream.unwrap(), connection, &kept, answer.as_ref()));
            }
        });
        Self { port, requests }
    }

    /// The address of a path on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it was sent.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// Serves one connection until the client leaves it.
fn serve(stream: TcpStream, connection: usize, kept: &Mutex<Vec<Request>>, answer: &(dyn Fn(usize) -> Reply + Sync)) {
    let mut out = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader, connection) {
        let number = {
            let mut kept = kept.lock().unwrap();
            kept.push(request);
            kept.len() - 1
        };
        match answer(number) {
            Reply::Status(code, headers) => {
                let mut head = format!("HTTP/1.1 {code} Whatever\r\n");
                for (name, value) in headers {
                    head.extend([name, ": ", value.as_str(), "\r\n"]);
                }
                // A 204 has no body.
                let text = if code == 204 { head + "\r\n" } else { head + "content-length: 5\r\n\r\nwords" };
                if out.write_all(text.as_bytes()).is_err() {
                    return;
                }
            }
            Reply::Nothing => {
                drop(reader.read(&mut [0]));
                return;
            }
            Reply::Close => return,
            Reply::Endless => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
                let mut sent = out.write_all(head.as_bytes());
                while sent.is_ok() {
                    sent = out.write_all(&[b'x'; 8192]);
                }
                return;
            }
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>, connection: usize) -> Option<Request> {
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    };
    let line = next()?;
    let mut headers = BTreeMap::new();
    loop {
        let header = next()?;
        let Some((name, value)) = header.split_once(':') else { break };
        let before = headers.insert(name.to_lowercase(), value.trim().to_owned());
        assert_eq!(before, None, "{name} came twice");
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body: String::from_utf8(body).unwrap(), connection })
}
