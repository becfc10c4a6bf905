import org.codelibs.opensearch.runner.OpenSearchRunner;

/** Runs one OpenSearch node on a port that is given; ends with the process. */
class OpenSearch {
  public static void main(String[] args) throws Exception {
    var runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> {
      settings.put("http.port", args[1]);
      settings.put("transport.port", args[2]);
      settings.put("network.host", "127.0.0.1");
    });
    runner.build(OpenSearchRunner.newConfigs().basePath(args[0]).clusterName("weir").numOfNode(1).useLogger());
    Thread.currentThread().join();
  }
}
