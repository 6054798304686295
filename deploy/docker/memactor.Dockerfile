# The command line; without arguments a whole cluster in one process.
FROM scratch
COPY memactor /memactor
USER 65532:65532
ENV MEMACTOR_DEV_LISTEN=0.0.0.0 MEMACTOR_DEV_ADMIN=0.0.0.0:9150
EXPOSE 11211 9150
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s --retries=3 CMD ["/memactor", "dev", "--check"]
ENTRYPOINT ["/memactor"]
CMD ["dev"]
