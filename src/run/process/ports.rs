//! TCP ports for jobs that listen on one, such as `torchrun`'s.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use rustix::io::Errno;
use rustix::net::sockopt::set_ipv6_v6only;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use crate::types::ids::Slot;

/// Candidates: unprivileged ports below the range from which Linux takes ports of outgoing connections (`ip_local_port_range`, 32768 to
/// 60999 by default).
const FIRST: u16 = 20_000;
const COUNT: u16 = 32_768 - FIRST;

/// The ports of the running jobs.
#[derive(Debug)]
pub struct Ports(Mutex<AssignedPorts>);

#[derive(Debug)]
struct AssignedPorts {
    /// The port of the last job of each slot.
    by_slot: Vec<Option<u16>>,
    /// The offset from [`FIRST`] of the next candidate.
    next: u16,
}

impl Ports {
    /// No ports yet for `slots` slots. The first candidate is random, so that two drivers on one machine seldom choose the same.
    pub fn new(slots: u32) -> Ports {
        Ports::starting_at((RandomState::new().hash_one(0) % u64::from(COUNT)) as u16, slots)
    }

    /// A port for one job that is only shown: the first of the candidates that is free, so that repeated calls mostly agree; 0 if there
    /// is none.
    pub fn first_free() -> u16 {
        Ports::starting_at(0, 1).assign(Slot(0))
    }

    fn starting_at(next: u16, slots: u32) -> Ports {
        Ports(Mutex::new(AssignedPorts { by_slot: vec![None; slots as usize], next }))
    }

    /// Chooses a port for the next job in `slot`, which no socket and no other slot has. Returns it; 0 if there is none. Each call tries
    /// other ports than the last, as connections of the last job may still use its port.
    pub fn assign(&self, slot: Slot) -> u16 {
        let mut assigned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slot.0 as usize;
        if let Some(former) = assigned.by_slot.get_mut(slot) {
            *former = None;
        }
        let port = (0..COUNT).find_map(|_| {
            let candidate = FIRST + assigned.next;
            assigned.next = (assigned.next + 1) % COUNT;
            (!assigned.by_slot.contains(&Some(candidate)) && is_free(candidate)).then_some(candidate)
        });
        if let Some(own) = assigned.by_slot.get_mut(slot) {
            *own = port;
        }
        port.unwrap_or(0)
    }

    /// The port of the last job in `slot`; 0 if it has none.
    pub fn of(&self, slot: Slot) -> u16 {
        let assigned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assigned.by_slot.get(slot.0 as usize).copied().flatten().unwrap_or(0)
    }
}

/// Whether a program can listen on `port` of all interfaces. A socket of IPv6 checks IPv4 too; a system without IPv6 has only the
/// other. An error that does not depend on the port, such as no descriptors, counts as free: it must not keep a job from running.
fn is_free(port: u16) -> bool {
    let bound = match bind_unspecified(AddressFamily::INET6, (Ipv6Addr::UNSPECIFIED, port).into()) {
        Err(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL | Errno::PROTONOSUPPORT) => {
            bind_unspecified(AddressFamily::INET, (Ipv4Addr::UNSPECIFIED, port).into())
        }
        bound => bound,
    };
    !matches!(bound, Err(Errno::ADDRINUSE | Errno::ACCESS))
}

/// Binds a socket and closes it. It does not listen, so that nothing can connect to it, and it does not share its port (SO_REUSEADDR)
/// with sockets that wait for the end of connections.
fn bind_unspecified(family: AddressFamily, address: SocketAddr) -> Result<(), Errno> {
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    if family == AddressFamily::INET6 {
        set_ipv6_v6only(&socket, false)?;
    }
    bind(&socket, &address)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn slots_have_different_ports_and_each_job_a_free_one() {
        let ports = Ports::new(40);
        let assigned: HashSet<u16> = (0..40).map(|slot| ports.assign(Slot(slot))).collect();
        assert_eq!(assigned.len(), 40);
        assert!(assigned.iter().all(|port| (FIRST..FIRST + COUNT).contains(port)));
        assert!(assigned.contains(&ports.of(Slot(39))));
    }

    #[test]
    fn a_port_in_use_is_not_assigned() {
        for address in ["0.0.0.0", "127.0.0.1", "::", "::1"] {
            match TcpListener::bind((address, 0)) {
                Ok(listener) => assert!(!is_free(listener.local_addr().unwrap().port()), "{address}"),
                Err(error) => println!("skipped for {address}: {error}"),
            }
        }
        let ports = Ports::new(1);
        let start = ports.0.lock().unwrap().next;
        let first = FIRST + start;
        if let Ok(_listener) = TcpListener::bind((Ipv4Addr::UNSPECIFIED, first)) {
            assert_ne!(ports.assign(Slot(0)), first);
        }
    }

    #[test]
    fn a_port_whose_connection_was_closed_a_moment_ago_is_not_assigned() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        drop(listener.accept().unwrap());
        drop(listener);
        assert!(!is_free(port), "the connection is in the state FIN_WAIT2 or TIME_WAIT");
        drop(client);
    }
}
