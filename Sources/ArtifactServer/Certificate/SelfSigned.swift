// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Glibc
import SystemCalls
import TextCoding

/// A self-signed certificate, made on first use and kept in a directory.
public enum SelfSigned {
    /// Validity in days. It is long, since every client has to be given the next one.
    private static let days = 3650
    private static let files = (certificate: "certificate.pem", key: "key.pem")

    /// Returns the certificate in a directory. Makes a new one if there is none, or if it has expired or lacks a host.
    ///
    /// - Parameter hosts: host names and addresses that it must be valid for.
    /// - Returns: the certificate, its path, and true if it was made now.
    public static func certificate(
        in directory: String, hosts: [String]
    ) throws -> (certificate: Certificate, path: String, isNew: Bool) {
        let path = "\(directory)/\(files.certificate)"
        if try Directory.exists(path) {
            let found = try Certificate(certificate: path, key: "\(directory)/\(files.key)")
            if isValid(found, for: hosts) { return (found, path, false) }
        }
        let made = try make(hosts: hosts)
        let target = try Directory(directory)
        try target.replaceFile(files.key, of: target, with: made.key, mode: 0o600)
        try target.replaceFile(files.certificate, of: target, with: made.pem, mode: 0o644)
        return (made, path, true)
    }

    private static func isValid(_ certificate: Certificate, for hosts: [String]) -> Bool {
        guard let parsed = PEM.certificate(certificate.pem),
            X509_cmp_current_time(X509_get0_notAfter(parsed.pointer)) > 0
        else { return false }
        return hosts.allSatisfy { host in
            isAddress(host)
                ? X509_check_ip_asc(parsed.pointer, host, 0) == 1
                : X509_check_host(parsed.pointer, host, host.utf8.count, 0, nil) == 1
        }
    }

    /// This machine's host name, if it is a valid one.
    static var ownName: String? {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let own = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return isHost(own) ? own : nil
    }

    /// The loopback names and addresses, and this machine's host name.
    public static var usualHosts: [String] {
        [ownName].compactMap { $0 == "localhost" ? nil : $0 } + ["localhost", "127.0.0.1", "::1"]
    }

    /// Returns true if a text is a host name or an IP address.
    public static func isHost(_ text: String) -> Bool {
        isAddress(text)
            || (1...253).contains(text.utf8.count) && !text.hasPrefix("-")
                && text.utf8.allSatisfy { $0.isASCIIAlphanumeric || "-.".utf8.contains($0) }
    }

    /// Returns true if a host is an IP address.
    static func isAddress(_ host: String) -> Bool {
        var buffer = in6_addr()
        return inet_pton(AF_INET, host, &buffer) == 1 || inet_pton(AF_INET6, host, &buffer) == 1
    }

    /// Makes a key and a certificate that is signed with it.
    static func make(hosts: [String]) throws -> Certificate {
        func failed() -> ServerError {
            ServerError(
                "cannot make a certificate: OpenSSL fails; make one yourself and name it with --certificate")
        }
        guard let key = copenssl_p256_key().map(PEM.PrivateKey.init),
            let certificate = X509_new().map(PEM.X509Certificate.init)
        else { throw failed() }
        var serial: UInt64 = .random(in: 1 ... .max >> 1)
        _ = withUnsafeMutablePointer(to: &serial) { pointer in
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.pointer), pointer.pointee)
        }
        let name = X509_get_subject_name(certificate.pointer)
        let alternatives = hosts.map { isAddress($0) ? "IP:\($0)" : "DNS:\($0)" }.joined(separator: ",")
        // A common name has at most 64 bytes. Clients compare the alternative names only.
        let commonName = String(hosts.first?.prefix(64) ?? "bst-artifact")
        guard X509_set_version(certificate.pointer, 2) == 1,
            X509_gmtime_adj(X509_getm_notBefore(certificate.pointer), -86_400) != nil,
            X509_time_adj_ex(X509_getm_notAfter(certificate.pointer), Int32(days), 0, nil) != nil,
            X509_NAME_add_entry_by_txt(
                name, "CN", MBSTRING_UTF8, Array(commonName.utf8), Int32(commonName.utf8.count), -1, 0)
                == 1,
            X509_set_issuer_name(certificate.pointer, name) == 1,
            X509_set_pubkey(certificate.pointer, key.pointer) == 1,
            [
                (NID_basic_constraints, "critical,CA:FALSE"),
                (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "serverAuth"),
                (NID_subject_alt_name, alternatives),
            ].allSatisfy({ add($0, $1, to: certificate) }),
            X509_sign(certificate.pointer, key.pointer, EVP_sha256()) > 0,
            let pem = PEM.written({ PEM_write_bio_X509($0, certificate.pointer) }),
            let keyPEM = PEM.written({
                PEM_write_bio_PKCS8PrivateKey($0, key.pointer, nil, nil, 0, nil, nil)
            })
        else { throw failed() }
        return try Certificate(pem: pem, key: keyPEM, names: ("the new certificate", "the new key"))
    }

    private static func add(_ identifier: Int32, _ value: String, to certificate: PEM.X509Certificate) -> Bool
    {
        guard let made = X509V3_EXT_conf_nid(nil, nil, identifier, value) else { return false }
        defer { X509_EXTENSION_free(made) }
        return X509_add_ext(certificate.pointer, made, -1) == 1
    }
}
