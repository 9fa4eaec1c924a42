use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one that anybody in the internet may be at: what the IANA registries of
/// special-purpose addresses set aside is not (RFC 6890 and what updates it). The standard library's
/// own answer, `is_global`, is not stable.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let this_network = a == 0;
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let relay = a == 192 && b == 88 && c == 99;
    let benchmarks = a == 198 && (18..20).contains(&b);
    let reserved = a >= 240;
    let set_aside = this_network || shared || protocols || relay || benchmarks || reserved;
    let local = address.is_private() || address.is_loopback() || address.is_link_local();
    !(set_aside || local || address.is_documentation() || address.is_multicast())
}

/// Of global unicast (2000::/3) what is not set aside: addresses that carry another one inside (6to4,
/// Teredo) are set aside, those of other prefixes (mapped ones, NAT64, local ones) are outside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = (0x2000..0x4000).contains(&a);
    let protocols = a == 0x2001 && b < 0x0200;
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    let carries_v4 = a == 0x2002;
    global && !protocols && !documentation && !carries_v4
}
