//! Open sockets and the threads that serve them, until they are dropped.

use crate::announce::Announcement;
use crate::http::{self, AccessControl, Server};
use crate::osc::udp::{self, UdpSender};
use crate::osc::{Destination, Hub, Names, Receiver, tcp};
use crate::settings::{Listen, NetSettings};
use crate::traffic::Traffic;
use enjamb_core::host::Host;
use enjamb_core::{Error, ErrorKind};
use enjamb_osc::{Broker, Router};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// What is asked of the system for datagrams that wait to be read; it may give less.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;

/// What is served over HTTP and is not the transports' own.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Folders with p5.js sketches, each in a folder of its own; the first that has one counts.
    pub sketches: Vec<PathBuf>,
    /// Typefaces of the page, by file name.
    pub fonts: Vec<(&'static str, &'static [u8])>,
}

/// Open sockets, and the threads that serve them until this is dropped.
pub struct Network {
    hub: Arc<Hub>,
    names: Names,
    receiver: Arc<Receiver>,
    server: Arc<Server>,
    udp: Arc<UdpSocket>,
    listeners: Option<(TcpListener, TcpListener)>,
    stop_udp: Arc<AtomicBool>,
    stop_tokio: Option<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    announcement: Option<Announcement>,
}

impl Network {
    /// Opens the sockets; nothing is read from them yet. What goes out to them may be listened to.
    ///
    /// # Errors
    /// When a port is taken, or the system has no socket or thread to give.
    pub fn open(
        host: &Arc<Host>,
        settings: &NetSettings,
        files: Files,
        wrap: impl FnOnce(Arc<dyn Broker>) -> Arc<dyn Broker>,
    ) -> Result<(Arc<Router>, Self), Error> {
        let listen = &settings.listen;
        let (udp, osc_listener) = open_osc(listen)?;
        let http_address = SocketAddr::new(listen.host, listen.http_port);
        let http_listener = open_tcp(http_address).map_err(|e| taken("HTTP", http_address, &e))?;
        let no_thread =
            |error| Error::new(ErrorKind::Io, format!("the system gave no thread: {error}"));
        let traffic = Arc::new(Traffic::default());
        let udp = Arc::new(udp);
        let sender = UdpSender::start(Arc::clone(&udp), Arc::clone(&traffic)).map_err(no_thread)?;
        let clock = Arc::clone(host.engine().clock());
        let hub = Arc::new(Hub::new(clock, traffic, sender, listen.reply_port));
        hub.set_destinations(settings.destinations.clone());
        let names = Names::start(&hub, listen.host.is_ipv4()).map_err(no_thread)?;
        let broker = wrap(Arc::clone(&hub) as Arc<dyn Broker>);
        let router = Arc::new(Router::new(Arc::clone(host), broker));
        let receiver = Receiver::new(Arc::clone(&router), Arc::clone(&hub)).map_err(no_thread)?;
        let receiver = Arc::new(receiver);
        let address = |socket: io::Result<SocketAddr>| {
            socket.map_err(|error| {
                Error::new(ErrorKind::Io, format!("a socket has no address: {error}"))
            })
        };
        let server = Arc::new(Server {
            router: Arc::clone(&router),
            receiver: Arc::clone(&receiver),
            access: AccessControl {
                token: listen.token.clone(),
                networks: listen.allow.clone(),
                origins: RwLock::new(listen.allow_origins.clone()),
            },
            files,
            osc_address: address(udp.local_addr())?,
            http_address: address(http_listener.local_addr())?,
        });
        let network = Self {
            hub,
            names,
            receiver,
            server,
            udp,
            listeners: Some((osc_listener, http_listener)),
            stop_udp: Arc::default(),
            stop_tokio: None,
            threads: Vec::new(),
            announcement: None,
        };
        Ok((router, network))
    }

    /// Starts to serve.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn serve(&mut self, listen: &Listen) -> Result<(), Error> {
        let Some((osc_listener, http_listener)) = self.listeners.take() else { return Ok(()) };
        let allowed: Arc<[ipnet::IpNet]> = listen.allow.clone().into();
        let (udp, receiver, stop) =
            (Arc::clone(&self.udp), Arc::clone(&self.receiver), Arc::clone(&self.stop_udp));
        let udp_allowed = Arc::clone(&allowed);
        self.spawn("osc:udp-in", move || udp::receive(&udp, &receiver, &udp_allowed, &stop))?;
        let (stop_tokio, stopped) = oneshot::channel();
        self.stop_tokio = Some(stop_tokio);
        let (receiver, server) = (Arc::clone(&self.receiver), Arc::clone(&self.server));
        self.spawn("enjamb:net", move || {
            let serve = async {
                let osc_listener = tokio::net::TcpListener::from_std(osc_listener)?;
                let http_listener = tokio::net::TcpListener::from_std(http_listener)?;
                tokio::select! {
                    () = tcp::serve(osc_listener, receiver, allowed) => Ok(()),
                    ended = http::serve(http_listener, server) => ended,
                    _ = stopped => Ok(()),
                }
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Err(error) = runtime.and_then(|runtime| runtime.block_on(serve)) {
                tracing::error!("TCP and HTTP have stopped: {error}");
            }
        })?;
        if listen.announce {
            self.announcement = Announcement::make(self.osc_address(), self.http_address());
        }
        Ok(())
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread =
            std::thread::Builder::new().name(name.into()).spawn(work).map_err(|error| {
                Error::new(ErrorKind::Io, format!("the system gave no thread: {error}"))
            })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Who gets what is sent.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Where OSC over UDP and TCP is listened to.
    pub fn osc_address(&self) -> SocketAddr {
        self.server.osc_address
    }

    /// Where HTTP and WebSocket are listened to.
    pub fn http_address(&self) -> SocketAddr {
        self.server.http_address
    }

    /// Replaces the destinations.
    pub fn set_destinations(&self, destinations: Vec<Destination>) {
        self.hub.set_destinations(destinations);
        self.names.look_again();
    }

    /// Replaces the origins of pages that may connect.
    pub fn set_origins(&self, origins: Vec<String>) {
        let mut current =
            self.server.access.origins.write().unwrap_or_else(PoisonError::into_inner);
        *current = origins;
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.announcement = None;
        self.stop_udp.store(true, Ordering::Release);
        // Dropping the sender stops the loop that waits on it.
        self.stop_tokio = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        // A model that still runs may hold the hub; the port must be free all the same.
        self.hub.close();
    }
}

/// UDP and TCP on one port; when the system may choose it, until both are free.
fn open_osc(listen: &Listen) -> Result<(UdpSocket, TcpListener), Error> {
    let wanted = SocketAddr::new(listen.host, listen.osc_port);
    let mut tries = 0;
    loop {
        tries += 1;
        let udp = open_udp(wanted).map_err(|error| taken("OSC over UDP", wanted, &error))?;
        let address = udp.local_addr().map_err(|error| taken("OSC over UDP", wanted, &error))?;
        match open_tcp(address) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(_) if listen.osc_port == 0 && tries < 16 => {}
            Err(error) => return Err(taken("OSC over TCP", address, &error)),
        }
    }
}

fn open_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The default holds some 200 kB, which a burst of vectors fills; more is a wish, not a need.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

fn open_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port that was ours a moment ago can be had again at once. (On Windows this would let two
    // programs share it.)
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn taken(what: &str, address: SocketAddr, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Io,
        match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{what}: port {} is taken by another program (perhaps an enjamb that still runs). \
             Close it, or start with --port-offset 10 to move all ports; `enjamb doctor` tells \
             more",
                address.port()
            ),
            io::ErrorKind::AddrNotAvailable => format!(
                "{what}: this computer has no address {}. Set 'host' under [listen] in the project \
             file to one that it has, or to 127.0.0.1",
                address.ip()
            ),
            _ => format!("{what}: {address} can't be listened on: {error}"),
        },
    )
}
