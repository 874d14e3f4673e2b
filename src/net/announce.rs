//! Makes the runtime known by mDNS, as OSCQuery asks: `_oscjson._tcp` for HTTP, `_osc._udp` for OSC.
//!
//! A runtime that listens on this computer only is announced on this computer only.

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};
use std::net::SocketAddr;

/// Holds until it is dropped.
pub struct Announcement(ServiceDaemon);

impl Announcement {
    /// Announces both services. That a network does not allow it keeps nothing else from working,
    /// so it is logged and no error.
    pub fn make(osc: SocketAddr, http: SocketAddr) -> Option<Self> {
        match announce(osc, http) {
            Ok(daemon) => Some(Self(daemon)),
            Err(error) => {
                tracing::info!("not announced by mDNS: {error}");
                None
            }
        }
    }
}

fn announce(osc: SocketAddr, http: SocketAddr) -> mdns_sd::Result<ServiceDaemon> {
    let daemon = ServiceDaemon::new()?;
    if osc.ip().is_loopback() {
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(match osc.ip().is_ipv4() {
            true => IfKind::LoopbackV4,
            false => IfKind::LoopbackV6,
        })?;
    }
    // Two runtimes on one computer differ in their ports.
    let name = format!("enjamb {}", http.port());
    let host = format!("enjamb-{}.local.", http.port());
    for (service, address) in [("_oscjson._tcp.local.", http), ("_osc._udp.local.", osc)] {
        let properties: &[(&str, &str)] = &[("txtvers", "1")];
        let port = address.port();
        let info = match address.ip().is_unspecified() {
            true => {
                ServiceInfo::new(service, &name, &host, "", port, properties)?.enable_addr_auto()
            }
            false => ServiceInfo::new(service, &name, &host, address.ip(), port, properties)?,
        };
        daemon.register(info)?;
    }
    Ok(daemon)
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Its thread says goodbye to the network and ends; nobody needs to wait for that.
        let _ = self.0.shutdown();
    }
}
