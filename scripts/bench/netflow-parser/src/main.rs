// Bench peer: parses a file of datagrams (32-bit little-endian length, octets) ROUNDS times with the crate
// netflow_parser and prints flows and seconds. The first LEADING datagrams hold templates and are parsed once.
use netflow_parser::{NetflowPacket, NetflowParser};
use std::time::Instant;

fn flows(packets: &[NetflowPacket]) -> u64 {
    packets.iter().map(|packet| match packet {
        NetflowPacket::V5(v5) => v5.flowsets.len() as u64,
        NetflowPacket::V9(v9) => v9.flowsets.iter().map(|set| match &set.body {
            netflow_parser::variable_versions::v9::FlowSetBody::Data(data) => data.fields.len() as u64,
            _ => 0,
        }).sum(),
        NetflowPacket::IPFix(ipfix) => ipfix.flowsets.iter().map(|set| match &set.body {
            netflow_parser::variable_versions::ipfix::FlowSetBody::Data(data) => data.fields.len() as u64,
            _ => 0,
        }).sum(),
        _ => 0,
    }).sum()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let octets = std::fs::read(&args[1]).expect("readable file");
    let leading: usize = args[2].parse().expect("leading datagrams");
    let rounds: usize = args[3].parse().expect("rounds");
    let mut datagrams: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    while at + 4 <= octets.len() {
        let length = u32::from_le_bytes(octets[at..at + 4].try_into().unwrap()) as usize;
        datagrams.push(&octets[at + 4..at + 4 + length]);
        at += 4 + length;
    }
    let mut parser = NetflowParser::default();
    for datagram in &datagrams[..leading] {
        let _ = parser.parse_bytes(datagram);
    }
    let mut total = 0;
    let started = Instant::now();
    for _ in 0..rounds {
        for datagram in &datagrams[leading..] { total += flows(&parser.parse_bytes(datagram).packets); }
    }
    println!("{} {}", total, started.elapsed().as_secs_f64());
}
