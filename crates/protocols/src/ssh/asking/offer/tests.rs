use super::*;

fn words(lists: &[&str]) -> Vec<u8> {
    let mut payload = vec![KEXINIT];
    payload.extend([0; COOKIE]);
    for list in lists {
        payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
        payload.extend(list.as_bytes());
    }
    let mut words = b"be welcome\r\nSSH-2.0-old\r\n".to_vec();
    // without padding
    payload.insert(0, 0);
    words.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    words.extend(payload);
    words
}

#[test]
fn what_a_host_offers_is_read_and_nothing_shorter() {
    let whole =
        words(&["curve25519-sha256", "ssh-ed25519,ssh-rsa", "aes256-ctr", "aes128-cbc,aes256-ctr", "", "hmac-sha1"]);
    let offer = Offer::read(&whole).unwrap();
    assert_eq!(offer.host_keys, ["ssh-ed25519", "ssh-rsa"]);
    assert_eq!(offer.ciphers, ["aes128-cbc", "aes256-ctr"], "those from the server");
    assert_eq!(offer.digests, ["hmac-sha1"]);
    for length in 0..whole.len() {
        assert_eq!(Offer::read(&whole[..length]), None, "{length}");
    }
}

#[test]
fn what_a_host_lacks_is_said() {
    let rsa = Offer::read(&words(&["curve25519-sha256", "ssh-rsa", "", "aes256-gcm@openssh.com", "", ""])).unwrap();
    assert!(rsa.lacks().unwrap().contains("(ssh-rsa)"));
    let old = Offer::read(&words(&["diffie-hellman-group14-sha1", "ssh-ed25519", "", "aes256-ctr", "", ""])).unwrap();
    assert!(old.lacks().unwrap().contains("curve25519-sha256"));
    let bare = Offer::read(&words(&["curve25519-sha256", "ssh-ed25519", "", "aes256-ctr", "", "hmac-sha1"])).unwrap();
    assert!(bare.lacks().unwrap().contains("hmac-sha2-256-etm"));
    let enough =
        Offer::read(&words(&["curve25519-sha256", "ssh-ed25519", "", "aes256-gcm@openssh.com", "", ""])).unwrap();
    assert_eq!(enough.lacks(), None);
}
