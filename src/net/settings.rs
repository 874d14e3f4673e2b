//! The settings of the transports: the tables of the project file that say where to listen, to whom, and
//! where to send.

use crate::osc::{Destination, DestinationAddress, Format, MAX_DATAGRAM};
use enjamb_core::project::{self, ProjectError};
use enjamb_osc::Pattern;
use ipnet::IpNet;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use toml::Spanned;

/// The tables of a project file that are read here.
pub const TABLES: &[&str] = &["listen", "send"];

/// What a project file says of the transports.
#[derive(Clone, Debug, PartialEq)]
pub struct NetSettings {
    /// Where to listen, and to whom.
    pub listen: Listen,
    /// Where outputs are sent, beside those who ask.
    pub destinations: Vec<Destination>,
}

impl Default for NetSettings {
    fn default() -> Self {
        let listen = Listen::default();
        // Patches that never say hello expect outputs here.
        let destinations = vec![Destination::on_this_computer(listen.reply_port)];
        Self { listen, destinations }
    }
}

impl NetSettings {
    /// Reads the tables `[listen]` and `[[send]]` of a project file.
    ///
    /// # Errors
    /// The first thing in them that is wrong, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ProjectError> {
        let file: File = project::read(text)?;
        file.check().map_err(|(span, words)| ProjectError::at(text, Some(span), words))
    }

    /// Moves every port.
    pub fn offset_ports(&mut self, offset: u16) {
        let mut listen = self.listen.clone();
        for port in [&mut listen.osc_port, &mut listen.http_port, &mut listen.reply_port] {
            *port = port.saturating_add(offset);
        }
        self.listen_as(listen);
    }

    /// Listens otherwise. Where outputs go when the project names no destination moves along.
    pub fn listen_as(&mut self, listen: Listen) {
        let implied = Destination::on_this_computer(self.listen.reply_port);
        for destination in self.destinations.iter_mut().filter(|known| **known == implied) {
            *destination = Destination::on_this_computer(listen.reply_port);
        }
        self.listen = listen;
    }
}

/// Where to listen, and to whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// The address of the network interface.
    pub host: IpAddr,
    /// OSC over UDP and TCP.
    pub osc_port: u16,
    /// HTTP and WebSocket.
    pub http_port: u16,
    /// Where every sender's IP hears answers too, and this computer hears all outputs.
    pub reply_port: u16,
    /// What other computers must bring over HTTP.
    pub token: Option<String>,
    /// Networks beyond this computer that may send OSC.
    pub allow: Vec<IpNet>,
    /// Origins of pages that may drive the runtime, beside its own.
    pub allow_origins: Vec<String>,
    /// Whether the runtime makes itself known by mDNS.
    pub announce: bool,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            osc_port: 57100,
            http_port: 8000,
            reply_port: 57200,
            token: None,
            allow: Vec::new(),
            allow_origins: Vec::new(),
            announce: true,
        }
    }
}

type Wrong = (Range<usize>, String);

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    listen: ListenTable,
    #[serde(default)]
    send: Option<Vec<SendTable>>,
}

impl File {
    fn check(self) -> Result<NetSettings, Wrong> {
        let listen = self.listen.check()?;
        let destinations = match self.send {
            Some(tables) => tables.into_iter().map(SendTable::check).collect::<Result<_, _>>()?,
            // Patches that never say hello expect outputs here.
            None => vec![Destination::on_this_computer(listen.reply_port)],
        };
        Ok(NetSettings { listen, destinations })
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct ListenTable {
    host: Option<Spanned<IpAddr>>,
    osc: Option<Spanned<u16>>,
    http: Option<Spanned<u16>>,
    reply: Option<Spanned<u16>>,
    token: Option<Spanned<String>>,
    #[serde(default)]
    allow: Vec<Spanned<String>>,
    #[serde(default)]
    allow_origins: Vec<Spanned<String>>,
    announce: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendTable {
    to: Spanned<String>,
    #[serde(default)]
    only: Vec<Spanned<String>>,
    #[serde(default)]
    ascii: bool,
    #[serde(default)]
    bundle: bool,
    mtu: Option<Spanned<usize>>,
}

impl ListenTable {
    fn check(self) -> Result<Listen, Wrong> {
        let standard = Listen::default();
        let port = |given: Option<Spanned<u16>>, standard| match given {
            Some(port) if *port.get_ref() == 0 => {
                Err((port.span(), "expected a port in 1..65535, got 0".to_string()))
            }
            given => Ok(given.map_or(standard, Spanned::into_inner)),
        };
        let network = |text: &Spanned<String>| {
            let source = text.get_ref();
            source.parse::<IpNet>().or_else(|_| source.parse::<IpAddr>().map(IpNet::from)).map_err(
                |_| {
                    let words =
                        format!("expected a network such as 192.168.1.0/24, got '{source}'");
                    (text.span(), words)
                },
            )
        };
        let origin = |text: &Spanned<String>| {
            let source = text.get_ref();
            let sound = matches!(source.as_str(), "*" | "null")
                || source.starts_with("http://")
                || source.starts_with("https://");
            match sound {
                true => Ok(source.clone()),
                false => Err((
                    text.span(),
                    format!(
                        "expected an origin such as http://localhost:3000, 'null' or '*', got '{source}'"
                    ),
                )),
            }
        };
        let reply_span = self.reply.as_ref().map_or(0..0, Spanned::span);
        let host_span = self.host.as_ref().map_or(0..0, Spanned::span);
        let listen = Listen {
            host: self.host.map_or(standard.host, Spanned::into_inner),
            osc_port: port(self.osc, standard.osc_port)?,
            http_port: port(self.http, standard.http_port)?,
            reply_port: port(self.reply, standard.reply_port)?,
            token: self.token.map(Spanned::into_inner),
            allow: self.allow.iter().map(network).collect::<Result<_, _>>()?,
            allow_origins: self.allow_origins.iter().map(origin).collect::<Result<_, _>>()?,
            announce: self.announce.unwrap_or(standard.announce),
        };
        if listen.reply_port == listen.osc_port {
            let words = "expected another port than 'osc', or outputs would come in again".into();
            return Err((reply_span, words));
        }
        if !listen.host.is_loopback() && listen.token.as_deref().is_none_or(str::is_empty) {
            return Err((
                host_span,
                "listening to other computers needs a 'token' for HTTP, and 'allow' with the \
                 networks that may send OSC"
                    .into(),
            ));
        }
        Ok(listen)
    }
}

/// Whether it looks like a name and a port.
fn has_port(to: &str) -> bool {
    to.rsplit_once(':').is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok())
}

impl SendTable {
    fn check(self) -> Result<Destination, Wrong> {
        let to = self.to.get_ref();
        let wrong = || {
            let words = format!("expected an address and port such as 127.0.0.1:57200, got '{to}'");
            (self.to.span(), words)
        };
        let place = match to.parse() {
            Ok(address) => DestinationAddress::Address(address),
            Err(_) if has_port(to) => DestinationAddress::Name(to.clone()),
            Err(_) => return Err(wrong()),
        };
        let pattern = |text: &Spanned<String>| {
            Pattern::parse(text.get_ref()).map_err(|error| (text.span(), error.into()))
        };
        let mtu = match self.mtu {
            Some(mtu) if !(512..=MAX_DATAGRAM).contains(mtu.get_ref()) => {
                let words =
                    format!("expected an mtu in 512..{MAX_DATAGRAM} bytes, got {}", mtu.get_ref());
                return Err((mtu.span(), words));
            }
            mtu => mtu.map(Spanned::into_inner),
        };
        let only = self.only.iter().map(pattern).collect::<Result<_, _>>()?;
        let format = Format { ascii: self.ascii, bundle: self.bundle, mtu };
        Ok(Destination { to: place, only, format })
    }
}
