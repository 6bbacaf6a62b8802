// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct MetricsTests {
    @Test func `Numbers are in Prometheus' format, and count what was answered`() throws {
        let server = try CacheServer()
        #expect(try server.get("/config").status == 200)
        #expect(try server.get("/config", "-I").status == 200)
        #expect(try server.get("/nothing").status == 404)
        #expect(try server.get("/config", "-X", "BREW").status == 405)
        // An answer is counted a moment after it has arrived.
        var text = ""
        #expect(
            try eventually {
                text = try server.get("/metrics").text
                return text.contains("requests_total{method=\"other\",status=\"4xx\"} 1")
            })
        #expect(text.contains("requests_total{method=\"get\",status=\"4xx\"} 1\n"))
        #expect(text.contains("requests_total{method=\"head\",status=\"2xx\"} 1\n"))
        #expect(text.contains("\nbst_artifact_refs 1\n") && text.contains("\nprocess_start_time_seconds "))
        #expect(text.contains("\nbst_artifact_summary_age_seconds "))
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.wholeMatch(of: /[a-z_]+(\{([a-z]+="[a-z0-9]+",?)+\})? [0-9]+/) != nil, "\(line)")
        }
        // No name comes from what clients say.
        #expect(!text.contains("BREW"))
        #expect(try server.get("/healthz").text == "ok\n")
    }

    @Test func `They are for this machine, for everyone or for nobody`() throws {
        let forwarded = ["-H", "X-Forwarded-For: 192.0.2.1"]
        for (who, direct, passedOn) in [("loopback", 200, 403), ("everyone", 200, 200), ("nobody", 404, 404)]
        {
            let server = try CacheServer(["--http", "--metrics", who])
            #expect(try server.get("/metrics").status == direct, "\(who)")
            #expect(try server.get("/metrics", forwarded[0], forwarded[1]).status == passedOn, "\(who)")
        }
    }

    @Test func `A service manager is told that the server is ready and that it stops`() throws {
        let directory = try TemporaryDirectory()
        let socket = directory.path("notify")
        let listener = try RunningProcess([
            "/usr/bin/python3", "-c",
            """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1])
            print("listening", flush=True)
            for _ in range(2): print(s.recv(1000).decode().split(chr(10))[0], flush=True)
            """, socket,
        ])
        #expect(try listener.readLine() == "listening")
        let server = try CacheServer(environment: ["NOTIFY_SOCKET": socket])
        #expect(try listener.readLine() == "READY=1")
        #expect(try server.stop() == .exited(0))
        #expect(try listener.readLine() == "STOPPING=1")
    }
}
