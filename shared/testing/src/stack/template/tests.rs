use super::*;

const TEXT: &str = "
Parameters:
  Former: {Type: String, Default: 'true'}
  Url: {Type: String}
Globals: {Function: {Environment: {Variables: {A: 1}}}}
Resources:
  EventQueue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 200}}
  OrdersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: !If [IsBig, PROVISIONED, PAY_PER_REQUEST]
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}, {AttributeName: day, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: by-day
          KeySchema: [{AttributeName: day, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput: {ReadCapacityUnits: !Ref Reads, WriteCapacityUnits: 1}
      SSESpecification: {SSEEnabled: true}
  Named: {Type: AWS::DynamoDB::Table, Properties: {TableName: mine}}
  ConsumerFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: consumer}}
    Properties:
      Timeout: 25
      Environment:
        Variables:
          ORDERS_TABLE: !Ref OrdersTable
          OTHER: !Ref Named
          FORMER: !Ref Former
          URL: !Ref Url
          ARN: !GetAtt OrdersTable.Arn
";

#[test]
fn tables_and_variables_are_those_of_the_template() {
    let template = Template::of(&template::read(TEXT).unwrap());
    let variables: Vec<_> = template
        .variables
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        variables,
        ["A=1", "FORMER=true", "ORDERS_TABLE=OrdersTable", "OTHER=mine"]
    );
    assert_eq!((template.time_out.as_secs(), template.visibility.as_secs()), (25, 200));
    let orders = template
        .tables
        .iter()
        .find(|table| table["TableName"] == json!("OrdersTable"))
        .unwrap();
    assert_eq!(
        orders["GlobalSecondaryIndexes"],
        json!([{"IndexName": "by-day", "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}])
    );
    assert_eq!(orders["BillingMode"], json!("PAY_PER_REQUEST"));
}

#[test]
fn a_table_has_many_names() {
    let template = Template::of(&template::read(TEXT).unwrap());
    let table = |name| template.table(name, &template.variables);
    for name in ["orders", "Orders", "OrdersTable", "ORDERS_TABLE"] {
        assert_eq!(table(name).as_deref(), Some("OrdersTable"), "{name}");
    }
    assert_eq!(table("OTHER").as_deref(), Some("mine"), "by its variable");
    assert_eq!(table("FORMER"), None);
}
