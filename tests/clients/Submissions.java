// Submits 300 tasks through the JDK's own client, one after the other, and waits for the result of the
// last one: java Submissions.java http://127.0.0.1:7071

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

class Submissions {
    // As it comes: it would like HTTP/2, and offers it with every request.
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var base = arguments[0];
        var id = "";
        for (var number = 1; number <= 300; number++) {
            var reply = send(HttpRequest.newBuilder(URI.create(base + "/api/tasks"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"number\": " + number + "}")));
            if (reply.statusCode() != 202) {
                throw new IOException(number + ": " + reply.statusCode() + " " + reply.body());
            }
            id = reply.headers().firstValue("Operation-Id").orElseThrow();
        }
        var result = send(HttpRequest.newBuilder(URI.create(base + "/api/tasks/" + id))
                .header("Prefer", "wait=60"));
        System.out.println(result.statusCode() + " " + result.body());
    }

    private static HttpResponse<String> send(HttpRequest.Builder request)
            throws IOException, InterruptedException {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }
}
